"""What a run keeps: images by hash, and a database of answers, outcomes and calls."""
