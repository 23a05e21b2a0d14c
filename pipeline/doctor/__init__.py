"""One real question to each model of a manifest, before money or hours are spent."""
