"""The commands of `x2i`: arguments in, exit codes and words out. What they need is imported when they run."""
