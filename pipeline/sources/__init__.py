"""Where samples come from: tables by mapping, the world by seed. In: a manifest and a store. Out: trajectories to climb."""
