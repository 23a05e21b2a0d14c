"""Group-relative policy optimisation of a model that reads and draws (SAIR, arXiv 2605.14709, part C).

In: prompts of `rl`, the folder of an Emu3-style model, a judge, settings. Out: checkpoints, a log. A reference: short files to
read and to copy from.
"""
