"""Small builds with other ladders than the default: `best_of` alone, and five rungs of which one is a stranger's."""

from dataclasses import replace
from pathlib import Path

from stages.best_of import BEST_OF
from stages.policy import Policy
from stages.rung import ModeStyle
from stages.trajectory import Trajectory
from tests.views.made_build import Build

OWN = replace(
    BEST_OF,
    name="mine",
    mode="quality",
    look=ModeStyle("Mine & yours", "by a rung of one's own", "#335577", "#88aacc"),
    place="on a rung of one's own",
)
"""A stranger's rung, whose mode is called like a section of the report."""
MIXED = ("direct", "best_of", "tests.views.made_ladders:OWN", "reflect", "multistep")


def best_of_only(out: Path, n: int = 40) -> Path:
    """A build that draws four times and keeps the best; every third sample is discarded, every fifth an RL prompt."""
    build = Build(out, side=24, policy=Policy(ladder=("best_of",)))
    for rank in range(n):
        if rank % 5 == 0:
            t = Trajectory(build.sample(split="rl", climb="direct"), rank)
            build.add(build.several(t, (True, False, False, False)).accept("best_of"))
            continue
        t = Trajectory(build.sample(), rank)
        if rank % 3:
            build.add(build.several(t, tuple(attempt == rank % 4 for attempt in range(4))).accept("best_of"))
        else:
            lost = build.several(t, (False,) * 4).discard("unsolved", "no image passed")
            build.add(lost, "discarded")
    return build.write(ledger=True, quotas={"best_of": 10})


def mixed(out: Path, n: int = 40) -> Path:
    """A build whose samples pass on every rung of `MIXED` in turn, and are lost now and then."""
    build = Build(out, side=24, policy=Policy(ladder=MIXED))
    for rank in range(n):
        t = build.chain(Trajectory(build.sample(), rank), 0, good=rank % 6 == 0)
        if rank % 6 == 0:
            build.add(t.accept("direct"))
            continue
        t = build.several(t, (False, rank % 6 == 1, False, False))
        if rank % 6 == 1:
            build.add(t.accept("best_of"))
            continue
        t = build.shot(t.enter("mine"), 1, good=rank % 6 == 2)
        if rank % 6 == 2:
            build.add(t.accept("quality"))
            continue
        t = build.reflected(t, 2, good=rank % 6 in (3, 4))
        if rank % 6 == 5:
            build.add(build.diagnosed(t, "rendering_limit").discard("rendering_limit", "never"), "discarded")
        else:
            build.add(t.accept("reflection"))
    return build.write(quotas={})
