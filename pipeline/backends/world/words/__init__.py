"""The world's English: written by `language`, read by `reading`."""
