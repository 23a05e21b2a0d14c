"""A prompt kit is chosen per image model, hashed into the fingerprint, and refused where nobody would read it."""

from pathlib import Path

import pytest

from pipeline.manifest.file import load
from pipeline.manifest.identity import fingerprint, load_prompts
from tests.manifest.test_manifest_file import BASE, problems, write

SERVED = """\
name: kits
providers: {mine: {base_url: "http://127.0.0.1:9/v1"}}
models:
  baseline: {backend: openai, provider: mine, model: a, kit: unified}
  generator: {backend: openai, provider: mine, model: b, kit: editor}
  analyzer: {backend: openai, provider: mine, model: c}
sources: [{kind: world, name: world, count: 4}]
"""


def test_a_kit_is_chosen_per_role_and_counts_in_the_fingerprint(tmp_path: Path) -> None:
    path = write(tmp_path, SERVED)
    manifest, other = load(path), load(path, ["models.generator.kit=unified"])
    prompts = load_prompts(manifest.recipe, kits=manifest.models.kits.values())
    assert {"unified/generate", "editor/redraw", "generate", "evaluate"} <= set(prompts.hashes)
    same = {"generate": "ab"}
    assert fingerprint(manifest, same) != fingerprint(other, same)
    assert fingerprint(manifest, prompts.hashes) != fingerprint(
        manifest, dict(prompts.hashes) | {"editor/redraw": "ab"}
    )


@pytest.mark.parametrize(
    ("text", "override", "line"),
    [
        (SERVED, "models.generator.kit=editr", "--set: models.generator.kit: there is no prompt kit editr; did you mean editor?"),
        (BASE, "models.generator.kit=chat", "the world backend reads the default prompts alone; leave kit chat out"),
        (SERVED, "models.analyzer.kit=chat", "kit chat of the analyzer has words for image models alone; leave it out there"),
    ],
)  # fmt: skip
def test_a_kit_that_nobody_reads_is_refused(tmp_path: Path, text: str, override: str, line: str) -> None:
    (problem,) = problems(write(tmp_path, text), override)
    assert line in problem
