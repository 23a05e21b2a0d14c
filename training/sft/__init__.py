"""Masked supervised training of a model that reads and draws, on the rows of the shards (SAIR, arXiv 2605.14709, part B).

In: shards, the folder of an Emu3-style model, settings. Out: checkpoints as Hugging Face folders, a log, a plot. A reference: short
files to read and to copy from.
"""
