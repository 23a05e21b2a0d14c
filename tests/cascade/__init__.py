"""Tests of several generators in one ladder."""
