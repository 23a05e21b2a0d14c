"""The commands of `x2i`. In: arguments. Out: printed words and exit codes. Slow imports are made when a command runs."""
