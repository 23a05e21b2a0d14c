"""Tests of pipeline.manifest.spec and what reads it."""
