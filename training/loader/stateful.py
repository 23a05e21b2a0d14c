"""What torchdata's `StatefulDataLoader` saved, as a state for any number of ranks and workers.

In: the `state_dict()` of a StatefulDataLoader over a `TrajDataset`. Out: the state of its rank, for `TrajDataset.load_state_dict`.
With the same numbers it is not needed: the loader's own `load_state_dict` resumes by itself.
"""

from collections.abc import Mapping
from typing import Any

from training.loader.problem import LoaderProblem


def rank_state(loader_state: Mapping[str, Any]) -> dict[str, Any]:
    """The rank's state out of its StatefulDataLoader's. Raises LoaderProblem for one that is not exact, or of something else."""
    try:
        if "_snapshot" not in loader_state:
            return dict(loader_state["dataset_state"])
        snapshot = loader_state["_snapshot"]
        workers = snapshot["_worker_snapshots"].values()
        states = {worker["worker_id"]: worker["dataset_state"] for worker in workers}
        if loader_state["_steps_since_snapshot"]:
            raise LoaderProblem(
                "state: batches were given out since the workers were asked; use snapshot_every_n_steps=1"
            )
        last = snapshot["_last_yielded_worker_id"]
        return _merged([states[number] for number in sorted(states)], (last + 1) % len(states))
    except (KeyError, TypeError):
        raise LoaderProblem(
            "state: not of torchdata's StatefulDataLoader over a TrajDataset; give its state_dict()"
        ) from None


def _merged(states: list[dict[str, Any]], next_number: int) -> dict[str, Any]:
    """One state of all workers, which `states` are in order of their numbers; the other ranks count as in step."""
    first = states[0]
    cursor, rank = first["cursor"], first["rank"]
    given = list(cursor["given"][rank])
    for state in states:
        given[state["worker"]] = state["cursor"]["given"][rank][state["worker"]]
    world = cursor["deal"]["world"]
    turn = states[next_number]["worker"]
    return {**first, "worker": None, "cursor": {**cursor, "given": [given] * world, "turn": [turn] * world}}
