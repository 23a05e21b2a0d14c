"""Many trajectories up the ladder in this process, each finished one durable at once.

In: fresh trajectories, and the models of an `Alone` with their ladder. Out: the finished ones, in order. Those that were finished
before, in this folder and under the same meaning, are not climbed again.
"""

import asyncio
from collections.abc import Callable, Sequence

from pipeline.errors import Drained, RunStopped
from pipeline.run.alone import Alone
from stages.errors import EngineDead
from stages.ladder import climb_all
from stages.prune import prune
from stages.trajectory import Trajectory


async def climb_many(todo: Sequence[Trajectory], desk: Alone, finished: Callable[[int], None]) -> list[Trajectory]:
    """Every trajectory of `todo` at the end of its climb; `finished` hears of as many as are newly done.

    Raises RunStopped when the budget is spent or a model is gone: what is finished is kept.
    """
    kept = await asyncio.to_thread(desk.outcomes.among, [t.sample.id for t in todo])
    finished(len(kept))
    recipe = desk.manifest.recipe
    # a sample waits for one call at a time, so this many keep all places of the run busy
    places = asyncio.Semaphore(desk.manifest.run.concurrency)

    async def one(t: Trajectory) -> Trajectory:
        if t.sample.id in kept:
            return kept[t.sample.id]
        async with places:
            t = prune(await climb_all(t, recipe, desk.models), recipe)
        await desk.scribe.keep(t)
        finished(1)
        return t

    tasks = [asyncio.ensure_future(one(t)) for t in todo]
    try:
        return list(await asyncio.gather(*tasks))
    except (Drained, EngineDead) as error:
        raise RunStopped(f"{error}; what is finished is kept: type the same command again to go on") from error
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
