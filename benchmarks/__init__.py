"""What we claim about speed and truth, runnable."""
