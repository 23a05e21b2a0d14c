"""The mask, retyped from method.md, section 2, and checked on every row of a real output. Imports nothing from `stages`.

| mode | loss ON | loss OFF |
| direct | G1, E1 | the input |
| reflection, K images | E_{K-1}, R_{K-1}, G_K, E_K | G_1..G_{K-1}, E_1..E_{K-2}, R_1..R_{K-2} |
| multistep | E_1, P, every S_i, G_i, E_i | G_1 |
"""

import ast
from pathlib import Path

import pyarrow.parquet as pq

LETTER = {"generation": "G", "evaluation": "E", "reflection": "R", "decomposition": "P", "subtask": "S"}


def trained_segments(mode: str, images: int) -> set[tuple[str, int]]:
    k = images
    if mode == "direct":
        return {("G", 1), ("E", 1)}
    if mode == "reflection":
        return {("E", k - 1), ("R", k - 1), ("G", k), ("E", k)}
    steps = range(2, k + 1)
    return {("E", 1), ("P", 1)} | {(letter, i) for letter in "SGE" for i in steps}


def rows(built):
    for name in built.summary.files:
        if name.startswith("sft/"):
            yield from pq.read_table(built.out / name).to_pylist()


def test_every_row_trains_what_the_table_says(many):
    seen = set()
    for row in rows(many):
        last = max(s["index"] for s in row["segments"] if s["kind"] == "generation")
        expected = trained_segments(row["mode"], last)
        made = [s for s in row["segments"] if s["role"] == "assistant"]
        assert {(LETTER[s["kind"]], s["index"]) for s in made if s["loss"] == 1} == expected
        assert all(s["loss"] in (0, 1) for s in row["segments"])
        assert all(s["loss"] == 0 for s in row["segments"] if s["role"] == "user")
        seen.add((row["mode"], last))
    assert {("direct", 1), ("reflection", 2), ("reflection", 3), ("reflection", 4), ("multistep", 3)} <= seen


def test_flags_follow_from_the_loss(many):
    for row in rows(many):
        read = row["segments"]
        for n, s in enumerate(read):
            assert not (s["loss"] and s["cfg_drop"]), "a trained segment is never dropped for guidance"
            assert s["vit"] == (s["type"] == "image")
            assert not (s["type"] == "text" and s["vae"])
            follows = read[n + 1] if n + 1 < len(read) else None
            if follows is not None and follows["loss"]:
                assert s["next_special"] == ("vision_start" if follows["type"] == "image" else "im_start")
            assert (s["next_special"] == "end") == (follows is None)


def test_this_file_knows_nothing_of_the_stages():
    tree = ast.parse(Path(__file__).read_text("utf-8"))
    names = [a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert not any(name.split(".")[0] in ("stages", "pipeline") for name in names)
