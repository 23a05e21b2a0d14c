"""A server that misbehaves as it was told beforehand, and what each sample must become of it."""
