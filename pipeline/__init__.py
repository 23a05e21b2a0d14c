"""Where the ladder runs: manifest, sources, models, store, Ray, shards, reports, and the command line."""
