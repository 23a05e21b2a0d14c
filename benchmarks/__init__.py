"""Measurements behind the claims about speed and truth."""
