"""The output of a build: outcomes and store in; shards, run.json and the card out; and the check of all of it."""
