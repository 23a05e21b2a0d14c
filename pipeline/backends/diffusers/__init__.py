"""The diffusers backend: image pipelines of the library diffusers, on devices of our own."""
