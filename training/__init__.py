"""What trainers need of the shards: a loader, rendering with its mask, rewards, reference trainers and exporters.

In: rows of `traj/2` and `rl/3`. Out: tokens and labels, rewards, other trainers' files. Nothing here knows how shards are made.
"""
