"""Verdicts between this review and other tools: JSON lines, Parquet, Label Studio."""
