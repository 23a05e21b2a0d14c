"""One reader for each kind of table. In: a `Chunk`. Out: its rows, numbered by their place in the file, lazily."""
