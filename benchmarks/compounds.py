"""How well `x2i compose` joins single edits, told by the world: its own reader and its own rules for scenes.

    python -m benchmarks.compounds [--count 500] [--scenes 400]

In: so many scenes, each with single edits drawn apart from each other, so that many conflict. Out: the share of compounds that are
truly well-formed, and what is wrong with the others; how often the rules know the sub-category without being told.

Well-formed is a compound that the world reads as its parts in their order, that it can carry out under its own rules for tasks
(`tasks.draft`), and whose result shows what each part by itself asks for.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.backends.world.drawing.draw import picture
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.find import Unresolved
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.scenes.perform import apply, perform
from pipeline.backends.world.scenes.scene import Scene
from pipeline.backends.world.tasks.categories import EDITS, category
from pipeline.backends.world.tasks.draft import Draft
from pipeline.backends.world.tasks.scenes import start_scene
from pipeline.backends.world.words.language import phrase
from pipeline.backends.world.words.reading import NotUnderstood, parse
from pipeline.composing.clause import read
from pipeline.composing.compounds import Compound, compose
from pipeline.composing.parents import Parents, gather
from pipeline.planning import samples
from stages.records import Checker, ImageRef, Sample

WHOLE = (ops.Later, ops.Behind)


@dataclass(frozen=True)
class Single:
    """An edit of a scene: what is asked and in what words."""

    scene: Scene
    op: Op
    sample: Sample


def singles(scenes: int, each: int, seed: int) -> Iterator[Single]:
    """`each` edits of every scene, each possible by itself."""
    for number in range(scenes):
        rng = np.random.default_rng([seed, number])
        names = [list(EDITS)[int(n)] for n in rng.integers(0, len(EDITS), 3)]
        try:
            scene = start_scene(names, 3, rng)
        except Unresolved:
            continue
        for n in range(each):
            name = list(EDITS)[int(rng.integers(len(EDITS)))]
            try:
                op = EDITS[name][int(rng.integers(len(EDITS[name])))](Draft(scene, scene), rng)
                Draft(scene, scene).plus(op)
            except Unresolved:
                continue
            yield Single(scene, op, _sample(f"{number:04d}-{n:02d}", phrase(op, rng), category(op), f"{number:064d}"))


def write_source(folder: Path, scenes: int, seed: int, each: int = 14) -> list[Single]:
    """The edits as JSONL, `edits.jsonl`, with the pictures of their scenes."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    edits, rows = list(singles(scenes, each, seed)), []
    for one in edits:
        name = f"images/{one.sample.row_id[:4]}.png"
        if not (folder / name).exists():
            (folder / name).write_bytes(picture(one.scene, 256, 256, np.random.default_rng(0)))
        row = {"id": one.sample.row_id, "edit": one.sample.instruction, "image": name, "kind": one.sample.category}
        rows.append(json.dumps(row) + "\n")
    (folder / "edits.jsonl").write_text("".join(rows), encoding="utf-8")
    return edits


def _sample(row_id: str, words: str, name: str, sha256: str) -> Sample:
    return samples.make(
        source="world",
        row_id=row_id,
        instruction=f"{words[:1].upper()}{words[1:]}.",
        explanation=None,
        references=[ImageRef(sha256, 256, 256, "PNG", sha256)],
        first=None,
        task="edit",
        category=name,
        size=(256, 256),
        licence="CC0-1.0",
        checker=Checker(),
    )


def fault(compound: Compound, asked: Sequence[Op], scene: Scene) -> str | None:
    """What is wrong with a compound of these parts; None where it is well-formed."""
    try:
        words = parse(compound.instruction)
    except NotUnderstood:
        return "not read"
    if words != list(asked):
        return "read otherwise"
    draft = Draft(scene, scene)
    try:
        for op in asked:
            draft = draft.plus(op)
    except Unresolved as error:
        return f"not possible: {error}"
    return None if _shows_all(scene, asked, draft.now) else "a part is undone"


def _shows_all(scene: Scene, asked: Sequence[Op], result: Scene) -> bool:
    """Whether the result shows what each part by itself leads to, in background, light and things of each look."""
    still = [op for op in asked if not isinstance(op, WHOLE)]
    joint = apply(scene, still)
    if any(isinstance(op, WHOLE) for op in asked) and perform(joint, asked[-1]).settled() != result.settled():
        return False
    for op in still:
        alone = perform(scene, op)
        if (alone.background, alone.tone) != (scene.background, scene.tone) and not isinstance(op, ops.Clean):
            key = "background" if isinstance(op, ops.Background) else "tone"
            if getattr(joint, key) != getattr(alone, key):
                return False
            continue
        more, fewer = _looks(alone) - _looks(scene), _looks(scene) - _looks(alone)
        if any(_looks(joint)[look] < n for look, n in more.items()):
            return False
        if any(_looks(joint)[look] > _looks(scene)[look] - n for look, n in fewer.items() if look not in more):
            return False
    return True


def _looks(scene: Scene) -> Counter[tuple[str, ...]]:
    return Counter((t.shape, t.colour, t.size, t.texture, t.mark, t.facing, t.text) for t in scene.things)


def measure(scenes: int, count: int, seed: int = 0, each: int = 14) -> tuple[Counter[str], int, int, int]:
    """Faults of `count` compounds ("" for none), how many are of the right sub-category, edits whose words tell theirs, edits."""
    edits = list(singles(scenes, each, seed))
    by_row = {one.sample.row_id: one for one in edits}
    parents: Parents = gather(one.sample for one in edits)
    faults: Counter[str] = Counter()
    right = 0
    for compound, _ in zip(compose(parents.by_reference, 2, 6, seed), range(count), strict=False):
        mine = [by_row[parent.row_id] for parent in compound.parents]
        faults[fault(compound, [one.op for one in mine], mine[0].scene) or ""] += 1
        right += compound.category == category(mine[0].op)
    told = (read(one.sample.instruction) for one in edits)
    known = sum(
        clause is not None and clause.category == one.sample.category for clause, one in zip(told, edits, strict=True)
    )
    return faults, right, known, len(edits)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="How well single edits are joined.")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--scenes", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    faults, right, known, edits = measure(given.scenes, given.count, given.seed)
    made = faults.total()
    print(
        f"{made} compounds of {edits} edits: {faults[''] / made:.1%} well-formed, {right / made:.1%} of the right sub-category"
    )
    for name, n in faults.most_common():
        if name:
            print(f"    {name}: {n}")
    print(f"sub-category known from the words alone: {known / edits:.1%}")


if __name__ == "__main__":
    main()
