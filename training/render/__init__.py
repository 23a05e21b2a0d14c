"""A row as a model reads it: tokens, labels and the way back.

In: rows of `traj/2`, the token grammar of a family of models, its images as tokens. Out: `Rendered` rows, packed sequences, BAGEL's
plans, answers read again, and estimates of their length.
"""
