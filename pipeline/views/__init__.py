"""What a human sees: the report of a build, one trajectory in the terminal, the live display. Reads outputs, changes nothing."""
