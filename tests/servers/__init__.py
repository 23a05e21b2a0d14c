"""Servers that a build starts for itself."""
