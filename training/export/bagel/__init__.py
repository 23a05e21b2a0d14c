"""BAGEL: a data set class of its own that reads the shards where they lie, and the forms of its stock readers.

In: shards of `sft`. Out: `parquet_info`, the class to put on BAGEL's path, Parquet for the stock readers.
"""
