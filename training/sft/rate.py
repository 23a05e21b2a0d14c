"""The learning rate of a step: a linear warm-up, then a cosine (SAIR, arXiv 2605.14709).

In: the number of the step, how many there are. Out: the rate.
"""

from math import ceil, cos, pi

from training.sft.settings import SftSettings


def learning_rate(settings: SftSettings, step: int, steps: int) -> float:
    """The rate of step `step` of `steps`, counted from 0: the first one is above 0, the last one is the final rate."""
    top, bottom = settings.learning_rate, settings.final_learning_rate
    rising = ceil(settings.warm_up * steps)
    if step < rising:
        return top * (step + 1) / rising
    fallen = (step - rising + 1) / (steps - rising)
    return bottom + (top - bottom) * (1 + cos(pi * fallen)) / 2
