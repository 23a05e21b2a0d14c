"""Questions that are answered later: how they go out, and how their answers come in."""
