"""Pixels to scenes: the eyes of the models."""
