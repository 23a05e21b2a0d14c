"""What a run stores: images by their hash, and a database of answers, outcomes and calls."""
