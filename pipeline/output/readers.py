"""Are there row groups enough for the processes that are to read a split at once?

In: the files of an output, and how many readers its manifest declares. Out: how many row groups a split should have, and a warning
that names the splits with fewer. A row group is the least that a reader is given: one that gets none trains on nothing, and
trainers that share out by whole division, like BAGEL, leave unread what is left over. Four a reader keep that small.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from pipeline.manifest.output import Output
from pipeline.output.places import product_of, stem_of
from pipeline.output.shards import ShardFile

_GROUPS_PER_READER = 4


def wanted_groups(output: Output) -> int:
    """How many row groups a split should have, at least."""
    return _GROUPS_PER_READER * output.ranks * output.rank_workers


def warnings(files: Mapping[str, ShardFile], output: Output) -> Iterator[str]:
    """One line that names the splits whose rows are too few for their readers. A single reader reads all, however it is cut."""
    readers, wanted = output.ranks * output.rank_workers, wanted_groups(output)
    groups = Counter[str]()
    for name, file in files.items():
        if product_of(name) != "record":
            groups[stem_of(name)] += len(file.row_groups)
    short = {split: count for split, count in groups.items() if 0 < count < wanted}
    if readers == 1 or not short:
        return
    idle = [f"{split} {count} ({readers - count} read nothing)" for split, count in short.items() if count < readers]
    uneven = [f"{split} {count}" for split, count in short.items() if count >= readers]
    yield (
        f"too few row groups for {readers:,} readers at once ({output.ranks} ranks x {output.rank_workers} workers, "
        f"{_GROUPS_PER_READER} each: {wanted:,}), because the rows are too few: {', '.join(idle + uneven)}"
        + ("; where there are enough for all, some still read more than others, or leave rows unread" if uneven else "")
        + "; build more samples, or train with fewer ranks or workers"
    )
