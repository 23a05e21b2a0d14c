"""`x2i inspect`: a look at a source before anything is spent on it."""
