"""The model that is trained, whichever way: how it is loaded, its settings, its checkpoints, its log, its likelihoods.

In: the folder of an Emu3-style model of transformers. Out: what `training.sft` and `training.grpo` share.
"""
