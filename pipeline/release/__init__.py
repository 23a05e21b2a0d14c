"""The release: what people approved of a build, as a data set of its own."""
