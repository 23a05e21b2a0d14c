"""A rung from outside the package that asks how likely a text is, and the server it asks."""
