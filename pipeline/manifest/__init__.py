"""The manifest: what a person types, checked, and what of it identifies a run."""
