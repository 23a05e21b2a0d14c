"""Models whose answers come later: in files, or from a provider's batch API."""
