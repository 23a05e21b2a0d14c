"""Exporters: the shards in the form that another trainer reads, and what each form keeps and loses.

In: the folder of an output (`sft/SPLIT/*.parquet`, `rl`, `pairs`, `edit_pairs`). Out: a folder of files for one trainer, or
what would be lost. Rows stream through, images are never decoded, and a folder appears whole or not at all.
"""
