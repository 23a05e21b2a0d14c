"""The vision of the models: from pixels to scenes."""
