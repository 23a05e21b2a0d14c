"""The reward server: whole groups over HTTP, for trainers whose reward functions see one answer at a time."""
