"""How calls reach a provider: its limits, retries, and the next provider when one is out."""
