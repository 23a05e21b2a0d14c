"""Models in this process by vLLM's offline engine: questions and scores in batches, without a server."""
