"""Reward functions with the signatures of TRL, ms-swift and verl, all of which ask a reward server (`x2i reward-server`).

They need nothing but Python's standard library, and Pillow where a trainer hands them Pillow images.
"""
