"""Open models of the transformers library: they read pictures, say how likely a text is, and some of them draw."""
