"""What there is, what can be asked of it, and what that does."""
