"""What a human sees: the report of a build, one trajectory, two builds side by side, the live display. Changes no output."""
