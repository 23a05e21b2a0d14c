"""What the models of the world make of a request."""
