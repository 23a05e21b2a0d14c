"""Rows of the shards in a seeded order, dealt to ranks and workers, and resumed exactly.

In: a folder of Parquet shards, on this machine or by any URL that fsspec opens. Out: `TrainingRow`s, and states to go on from.
`dataset` and `loading` need torch; everything else does not, and nothing here is imported by the package itself.
"""
