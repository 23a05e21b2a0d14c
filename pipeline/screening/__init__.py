"""Which rows of the sources stay out of a build: repeated, contaminated and unfit ones, each with its reason."""
