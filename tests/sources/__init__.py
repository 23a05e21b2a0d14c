"""Tests of pipeline.sources: real files, no mocks."""
