"""Tasks out of thin air: scenes, ops that change them, and what that leads to. `recipe` composes them."""
