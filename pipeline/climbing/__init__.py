"""Taking the samples of a build up the ladder, in one or more passes, and writing what came of them."""
