"""The models behind the protocols, side by side: each owns its options, their check and its identity (`registry` lists them)."""
