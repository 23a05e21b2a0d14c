"""What engines of our own make of a GPU: images/s one by one and in batches, under the ladder too, tokens/s, and the roofline."""
