"""The room of human review: what is drawn for it, who judges it, and what follows for the data set."""
