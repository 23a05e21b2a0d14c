"""What is lost or repeated when a training stops in the middle of an epoch and goes on: ours in many cells, others in one each.

In (command line): the folder of small data by `loader_data`. Out: a line of JSON: {loader, cell, order, missing, repeated} of each
cell, whether the rows came in the order of an uninterrupted run, how many were lost or came twice. Data is shuffled, two or three
workers read it, and the state is taken after a third of the batches.
"""

import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.loader_readers import mosaic

BATCH = 2
ALL = 10**6
Cell = dict[str, Any]


def compare(loader: str, cell: str, whole: Sequence[str], pieces: Sequence[str]) -> Cell:
    """How the rows of an interrupted run differ from those of a whole one."""
    seen = Counter(pieces)
    missing, repeated = set(whole) - set(seen), sum(seen.values()) - len(seen)
    return {
        "loader": loader,
        "cell": cell,
        "order": list(whole) == list(pieces),
        "missing": len(missing),
        "repeated": repeated,
    }


def ours(folder: Path) -> list[Cell]:
    """Ranks 1 to 8 with 2 and 3 workers, on the same numbers and on others."""
    from training.loader.dataset import TrajDataset
    from training.loader.loading import TrajLoader
    from training.row import TrainingRow

    def id_of(row: TrainingRow) -> str:
        return row.id

    def loaders(world: int, workers: int) -> list[Any]:
        data = [
            TrajDataset(str(folder / "parquet"), seed=1, remainder="drop", rank=rank, world=world, transform=id_of)
            for rank in range(world)
        ]
        return [TrajLoader(each, BATCH, num_workers=workers) for each in data]

    cells = []
    for workers in (2, 3):
        for world in range(1, 9):
            whole = [list(each) for each in loaders(world, workers)]
            stop = max(1, len(whole[0]) // 3)
            begun = loaders(world, workers)
            before = [[batch for _, batch in zip(range(stop), each, strict=False)] for each in begun]
            state = json.loads(json.dumps(begun[0].state_dict()))
            same = loaders(world, workers)
            other = loaders(9 - world, 5 - workers) if world in (1, 4, 8) else []
            for each in (*same, *other):
                each.load_state_dict(state)
            after = [list(each) for each in same]
            pieces = [first + rest for first, rest in zip(before, after, strict=True)]
            cells.append(compare("ours", f"{world} ranks x {workers} workers", _flat(whole), _flat(pieces)))
            if not other:
                continue
            elsewhere = _flat(before) + _flat([list(each) for each in other])
            # With `drop`, up to streams - 1 rows are left out of an epoch by intent: those are counted apart.
            cell = compare(
                "ours", f"{world} x {workers}, then {9 - world} x {5 - workers}", sorted(set(elsewhere)), elsewhere
            )
            left_out = len(_ids(folder)) - len(set(elsewhere))
            cell["missing"] = max(0, left_out - ((9 - world) * (5 - workers) - 1))
            cells.append({**cell, "order": None})
    return cells


def hugging_face(folder: Path, buffer: int) -> Any:
    """datasets with torchdata: the list of files shuffled (buffer 0), or its own shuffle with a buffer."""
    from datasets import load_dataset
    from torchdata.stateful_dataloader import StatefulDataLoader

    files = sorted(map(str, (folder / "parquet").glob("*.parquet")))
    random.Random(1).shuffle(files)
    data = load_dataset("parquet", data_files=files, split="train", streaming=True).decode(False)
    data = data.shuffle(seed=1, buffer_size=buffer) if buffer else data
    return StatefulDataLoader(
        data, batch_size=BATCH, num_workers=2, collate_fn=lambda rows: [row["id"] for row in rows]
    )


def mosaic_streaming(folder: Path, _: int) -> Any:
    """MosaicML's own loader and state."""
    streaming = mosaic()
    streaming.base.util.clean_stale_shared_memory()
    data = streaming.StreamingDataset(
        local=str(folder / "mds"), shuffle=True, shuffle_seed=1, batch_size=BATCH, num_canonical_nodes=1
    )

    def ids(rows: list[Any]) -> dict[str, list[str]]:
        # Its state counts rows by the length of a batch's first value, so a plain list of texts would be miscounted.
        return {"ids": [json.loads(row["row"])["id"] for row in rows]}

    return streaming.StreamingDataLoader(data, batch_size=BATCH, num_workers=2, collate_fn=ids)


def _read(
    make: Callable[[Path, int], Any], folder: Path, buffer: int, state: Any, stop: int
) -> tuple[list[list[str]], Any]:
    """Up to `stop` batches from a state, and the state after them."""
    loader = make(folder, buffer)
    if state:
        loader.load_state_dict(state)
    batches = [
        batch["ids"] if isinstance(batch, dict) else batch for _, batch in zip(range(stop), loader, strict=False)
    ]
    return batches, loader.state_dict() if stop < ALL else None


def _interrupted(name: str, make: Callable[[Path, int], Any], folder: Path, buffer: int = 0) -> Cell:
    """One rank, two workers: stopped after a third, gone on in a new process, as trainings are."""
    cell = "1 rank x 2 workers"

    def read(state: Any, stop: int) -> tuple[list[list[str]], Any]:
        with ProcessPoolExecutor(1, get_context("fork")) as process:
            return process.submit(_read, make, folder, buffer, state, stop).result()

    whole, _ = read(None, ALL)
    before, state = read(None, len(whole) // 3)
    try:
        after, _ = read(state, ALL)
    except (IndexError, KeyError, ValueError, RuntimeError) as error:
        return {"loader": name, "cell": cell, "error": f"{type(error).__name__}: {str(error).splitlines()[-1]}"}
    return compare(name, cell, _flat([whole]), _flat([before + after]))


def _flat(ranks: Sequence[Sequence[Sequence[str]]]) -> list[str]:
    return [row for batches in ranks for batch in batches for row in batch]


def _ids(folder: Path) -> list[str]:
    import pyarrow.parquet as pq

    return [
        row
        for path in (folder / "parquet").glob("*.parquet")
        for row in pq.read_table(path, columns=["id"])["id"].to_pylist()
    ]


if __name__ == "__main__":
    place = Path(sys.argv[1])
    others = [
        _interrupted("HF streaming, files shuffled", hugging_face, place),
        _interrupted("HF streaming, shuffle(64)", hugging_face, place, 64),
        _interrupted("MosaicML", mosaic_streaming, place),
    ]
    print(json.dumps([*ours(place), *others]))
