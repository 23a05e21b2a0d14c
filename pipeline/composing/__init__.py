"""Compound and multi-reference instructions, made of the single edits that sources hold (`x2i compose`)."""
