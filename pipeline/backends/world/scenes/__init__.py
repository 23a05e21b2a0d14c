"""Scenes, the ops that can be asked of them, and the effect of each op."""
