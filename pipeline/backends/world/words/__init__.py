"""The world's English, said and understood."""
