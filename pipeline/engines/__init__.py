"""Engines: models that run on machines of our own, each in actors that all rungs share."""
