"""From the rows of the sources to samples in rank order."""
