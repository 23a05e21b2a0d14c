"""Servers that a build starts for itself, and that end with it."""
