"""Verdicts of a review out to files, and in from them.

In: the folder of a build, its review, a file whose name ends in `.jsonl`, `.parquet` or `.json` (Label Studio). Out: the file; or
the review with what the file adds, each verdict once, and lines about what was not taken.
"""

import base64
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.output import run_json
from pipeline.output.record import recorded
from pipeline.review.errors import ReviewError
from pipeline.review.exchange import label_studio
from pipeline.review.exchange.files import read_verdicts, write_lines, write_parquet, write_text
from pipeline.review.exchange.label_studio_config import config
from pipeline.review.exchange.story import PlainStory, tell
from pipeline.review.preparing import prepare
from pipeline.review.records import HumanVerdict, Opinion
from pipeline.review.store import ReviewStore
from pipeline.storage.image_store import ImageStore

ENDINGS = (".jsonl", ".parquet", ".json")
_MAGIC = ((b"\x89PNG", "png"), (b"\xff\xd8", "jpeg"), (b"RIFF", "webp"))


@dataclass(frozen=True)
class ImportReport:
    """What an import did: how many verdicts were `taken` and `known` before, and a line about each of the others."""

    taken: int
    known: int
    left: tuple[str, ...]


def check_ending(file: Path) -> None:
    """Raises ReviewError for a file whose name says no known format."""
    if file.suffix not in ENDINGS:
        raise ReviewError(f"{file}: end its name in {', '.join(ENDINGS[:-1])}, or .json for Label Studio")


def export_verdicts(out: Path, database: str | None, file: Path, image_url: str | None, with_verdicts: bool) -> int:
    """Write the verdicts, or for Label Studio one task an item; how many. `image_url` is what comes before an image's sha256;
    None puts the images into the tasks. With `with_verdicts` tasks carry what was said, which nobody is to see before judging.

    Raises ReviewError, OSError, ValueError when the record cannot be read.
    """
    check_ending(file)
    with prepare(out, database) as store:
        verdicts = store.verdicts()
        if file.suffix == ".jsonl":
            write_lines(file, verdicts, store.fingerprint)
            return len(verdicts)
        if file.suffix == ".parquet":
            write_parquet(file, verdicts, store.fingerprint)
            return len(verdicts)
        annotations = _annotations(store) if with_verdicts else {}
        write_text(file, _as_list(_tasks(out, store, annotations, image_url)))
        write_text(file.with_suffix(".xml"), (config(),))
        return len(store.items())


def _as_list(things: Iterable[Any]) -> Iterator[str]:
    """A JSON list, an element at a time: tasks with their images do not fit into memory together."""
    before = "[\n"
    for thing in things:
        yield before + json.dumps(thing, ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def import_verdicts(out: Path, database: str | None, file: Path, by: str) -> ImportReport:
    """Take in what a file adds. Raises ReviewError where a row of it is no verdict: then nothing was taken; OSError."""
    check_ending(file)
    with prepare(out, database) as store:
        gold: Mapping[str, Opinion] = {}
        cancelled = 0
        if file.suffix == ".json":
            read = label_studio.read_annotations(file, store.fingerprint, time.time())
            verdicts, gold, cancelled = list(read.verdicts), read.gold, read.cancelled
        else:
            verdicts = read_verdicts(file, store.fingerprint)
        before = {verdict.id: verdict for verdict in store.verdicts()}
        left = list(_left(verdicts, before, store))
        imported = store.take_in(verdicts, by)
        hashes = {item.sample_id for item in store.items()}
        for sample_id, answer in gold.items():
            if sample_id in hashes:
                store.mark_gold(sample_id, answer, by)
    if cancelled:
        left.append(f"{cancelled} cancelled annotations: they say nothing of their items")
    return ImportReport(imported.taken, imported.known, tuple(left))


def _left(verdicts: Iterable[HumanVerdict], before: Mapping[str, HumanVerdict], store: ReviewStore) -> Iterator[str]:
    """What is not taken, and why; known ones that say the same are not spoken of."""
    items = {item.sample_id: item.content_hash for item in store.items()}
    for verdict in verdicts:
        what = f"verdict {verdict.id} on sample {verdict.sample_id}"
        if verdict.sample_id not in items:
            yield f"{what}: not taken, the sample is not in this review's queue"
        elif items[verdict.sample_id] != verdict.content_hash:
            yield f"{what}: not taken, it is about other content than the build holds now; judge it again"
        elif (known := before.get(verdict.id)) and known.opinion != verdict.opinion:
            yield (
                f"{what}: not taken, it was taken before as {known.opinion} and is {verdict.opinion} now; correct it in the review"
            )


def _annotations(store: ReviewStore) -> dict[str, list[dict[str, Any]]]:
    """By sample: what stands, and what was declined."""
    verdicts = store.verdicts()
    superseded = {verdict.supersedes for verdict in verdicts}
    known = store.gold()
    annotations: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for verdict in verdicts:
        if not verdict.withdrawn and verdict.id not in superseded:
            is_gold = verdict.adjudicates and verdict.sample_id in known
            annotations[verdict.sample_id].append(label_studio.annotation_of(verdict, is_gold))
    for decline in store.declined():
        annotations[decline.sample_id].append(label_studio.declined())
    return annotations


def _tasks(
    out: Path, store: ReviewStore, annotations: Mapping[str, list[dict[str, Any]]], image_url: str | None
) -> Iterator[dict[str, Any]]:
    """One task an item, in the order of the queue."""
    items = store.items()
    if not (out / run_json.NAME).exists():
        raise ReviewError(f"{out}: the build is not finished; tasks are written from a finished one")
    stories = {r.trajectory.sample.id: r.trajectory for r in recorded(out, {item.sample_id for item in items})}
    root = run_json.store_root(run_json.read(out), out)
    images = None if root is None else ImageStore(root)
    for item in items:
        t = stories[item.sample_id]
        story = tell(t)
        pictures = _pictures(story, images, image_url)
        yield label_studio.task_of(
            item, t.sample, story, pictures, annotations.get(item.sample_id, []), store.fingerprint
        )


def _pictures(story: PlainStory, images: ImageStore | None, image_url: str | None) -> dict[str, str]:
    if image_url is not None:
        return {sha256: f"{image_url}{sha256}" for _, sha256 in story.pictures}
    if images is None:
        raise ReviewError("the images of this build are not here; say --image-url, where Label Studio finds them")
    return {sha256: _inlined(images.get(sha256)) for _, sha256 in story.pictures}


def _inlined(data: bytes) -> str:
    kind = next((kind for magic, kind in _MAGIC if data.startswith(magic)), "png")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
