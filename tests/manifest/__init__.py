"""Tests of pipeline.manifest and what reads it."""
