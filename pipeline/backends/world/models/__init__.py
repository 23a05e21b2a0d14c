"""The three models of the world: from a request to an image, a verdict or a plan."""
