"""Randomly drawn tasks: a scene, the ops that change it, and the scene they lead to. `recipe` composes them."""
