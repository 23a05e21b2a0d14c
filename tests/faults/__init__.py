"""A server that misbehaves as a table prescribes, and what must become of each sample."""
