"""The Analyzer against truth: never wrong when it does not err, and its words can be acted upon."""

import ast
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import pipeline.backends.world as world
from pipeline.backends.world.models.skill import PRESETS
from pipeline.backends.world.oracle.truth import inspect, is_right
from pipeline.backends.world.respond import respond
from pipeline.backends.world.scenes.looks import PLACES
from pipeline.backends.world.source import WorldRow, WorldSpec, rows
from pipeline.backends.world.words.language import at
from pipeline.backends.world.words.orders import CLOSINGS
from pipeline.backends.world.words.reading import parse
from stages.protocols import Message
from tests.backends.world.climber import FLAWLESS, SURE, Climber, axis_lines, passes, tag
from tests.backends.world.random_scenes import recoded

STEADY = replace(PRESETS["world-baseline"], slip=0.06, side=0.03, physics=0.4)
SPEC = WorldSpec(kind="world", name="w", count=100, exotic=0.12, clauses=dict.fromkeys(range(1, 7), 1.0))
Judged = list[tuple[Climber, bytes, bool]]


@pytest.fixture(scope="module")
def attempts() -> Judged:
    """Generated images, first tries and redrawn ones, and whether they are truly right."""
    samples: Judged = []
    for one in rows(SPEC, 99):
        climber = Climber(one, analyzer=SURE, baseline=STEADY)
        image = climber.direct()
        samples.append((climber, image, is_right(image, one.truth)))
        redrawn = climber.reflect(image, climber.judge(image))
        samples.append((climber, redrawn, is_right(redrawn, one.truth)))
    return samples


def test_without_error_it_agrees_with_truth(attempts: Judged) -> None:
    wrong = [c.row for c, image, right in attempts if passes(c.judge(image)) != right]
    rights = sum(right for _, _, right in attempts)
    assert 40 < rights < len(attempts) - 40
    assert len(wrong) <= 0.01 * len(attempts), [(r.row_id, r.instruction) for r in wrong]


def test_verdicts_survive_reencoding(attempts: Judged) -> None:
    """Judges that err and are biased decide alike about 200 images and their JPEGs at quality 95."""
    judges = [replace(PRESETS[name], error_rate=0.1) for name in PRESETS if "analyzer" in name]
    passed = 0
    for n, (climber, image, _) in enumerate(attempts[:200]):
        judge = Climber(climber.row, analyzer=judges[n % len(judges)])
        coded = replace(climber.row, references=tuple(recoded(r, ".jpg") for r in climber.row.references))
        again = Climber(coded, analyzer=judge.analyzer)
        verdict = passes(judge.judge(image))
        assert passes(again.judge(recoded(image, ".jpg"))) == verdict, climber.row.instruction
        passed += verdict
    assert 40 < passed < 160


def test_every_axis_is_scored_with_a_reason_and_no_other(attempts: Judged) -> None:
    for climber, image, _ in attempts[:60]:
        scores = climber.judge(image)
        assert list(scores) == climber.axes.split(", ")
        assert all(1 <= v["score"] <= 5 and v["reason"].endswith(".") for v in scores.values())


def test_a_critique_names_a_place_where_something_is_truly_wrong(attempts: Judged) -> None:
    for climber, image, right in attempts:
        if right:
            continue
        critique = " ".join(v["reason"] for v in climber.judge(image).values() if v["score"] < 5).lower()
        places = inspect(image, climber.row.truth).places
        assert any((at(p) if p in PLACES else f"the {p}") in critique for p in places), (critique, places)


def test_a_plan_names_every_fault_so_that_it_can_be_mended(attempts: Judged) -> None:
    for climber, image, right in attempts:
        if climber.row.truth.exotic or right:
            continue
        mender = Climber(climber.row, analyzer=SURE, generator=FLAWLESS)
        assert is_right(mender.reflect(image, mender.judge(image)), climber.row.truth), climber.row.instruction


def test_an_unfounded_complaint_does_no_harm(attempts: Judged) -> None:
    grumbling = replace(SURE, error_rate=1.0)
    rights = [(c.row, image) for c, image, right in attempts if right][:40]
    for one, image in rights:
        climber = Climber(one, analyzer=grumbling, generator=FLAWLESS)
        scores = climber.judge(image)
        assert not passes(scores)
        assert is_right(climber.reflect(image, scores), one.truth), (one.instruction, scores)


def test_exotic_things_fail_on_knowledge_and_only_where_they_are_explained() -> None:
    passed = 0
    for one in rows(SPEC.model_copy(update={"exotic": 1.0, "compose": 0.0, "clauses": {1: 1.0}, "count": 25}), 4):
        if not one.truth.exotic:
            continue
        assert one.explanation
        climber = Climber(one, analyzer=SURE, baseline=FLAWLESS)
        image = climber.direct()
        scores = climber.judge(image)
        assert scores["knowledge"]["score"] <= 2
        assert scores["instruction"]["score"] <= 4
        climber.attempts.append(scores)
        assert climber.diagnose(image) == "missing_knowledge"
        passed += passes(Climber(replace(one, explanation=None), analyzer=SURE).judge(image))
    assert passed >= 5


def _row(matching: str, seed: int, **spec: object) -> WorldRow:
    changed = SPEC.model_copy(update={"count": 400, "exotic": 0.0, **spec})
    return next(r for r in rows(changed, seed) if matching in (r.instruction + (r.explanation or "")))


def test_a_colour_term_is_said_plainly_where_the_generator_cannot_know_it() -> None:
    one = _row("The colour of", 6, terms=1.0, t2i=0.0, compose=0.0)
    climber = Climber(one, analyzer=SURE, baseline=FLAWLESS, generator=FLAWLESS)
    image = next(i for i in (climber.direct() for _ in range(30)) if not is_right(i, one.truth))
    scores = climber.judge(image)
    assert not passes(scores)
    assert scores["knowledge"]["score"] <= 2
    assert is_right(climber.reflect(image, scores), one.truth)
    term = (one.explanation or "").split("The colour of ")[1].split()[0]
    assert all(term not in step for step in climber.steps(image))


def _climbs(one: WorldRow, start: str | None = None, first: bytes | None = None) -> bytes:
    """The last picture of a plan that a flawless generator carries out, each step judged on the way."""
    climber = Climber(one, analyzer=SURE, generator=FLAWLESS)
    canvas = first if start == "attempt" else None
    for words in climber.steps(first or climber.direct(), start):
        assert parse(words)
        image = climber.step(words, canvas)
        assert passes(climber.judge_step(words, canvas, image)), (one.instruction, words)
        if canvas is not None and image != canvas:
            assert any(closing in words.lower() for closing in CLOSINGS), words
        canvas = image
    assert canvas is not None
    return canvas


def test_steps_are_judged_against_what_they_started_from_and_lead_to_the_target() -> None:
    counts = {"t2i": 0, "edit": 0, "compose": 0}
    for one in rows(SPEC.model_copy(update={"count": 80, "t2i": 0.3, "compose": 0.4, "exotic": 0.0}), 5):
        if counts[one.task] < 6:
            counts[one.task] += 1
            assert is_right(_climbs(one), one.truth), one.instruction
    assert set(counts.values()) == {6}


def test_a_plan_may_start_from_the_failed_try(attempts: Judged) -> None:
    for climber, image, _ in [m for m in attempts if not m[2] and not m[0].row.truth.exotic][:15]:
        assert is_right(_climbs(climber.row, "attempt", image), climber.row.truth), climber.row.instruction


def test_a_borrowed_subject_that_is_not_itself_fails_consistency(attempts: Judged) -> None:
    others: dict[str, Any] = dict.fromkeys(("missed", "place", "target", "attribute"), 0.0)
    astray = replace(FLAWLESS, slip=1.0, identity=1.0, **others)
    failed = 0
    for one in rows(SPEC.model_copy(update={"count": 12, "t2i": 0.0, "compose": 1.0, "exotic": 0.0}), 8):
        climber = Climber(one, analyzer=SURE, baseline=astray)
        scores = climber.judge(climber.direct())
        failed += scores["consistency"]["score"] < 3
        assert not passes(scores)
    assert failed >= 6


def test_words_after_a_problem_with_the_reply_are_still_an_answer(attempts: Judged) -> None:
    climber, image, _ = next(m for m in attempts if not m[2] and m[0].row.truth.count >= 3)
    evaluation = f"<evaluation>{axis_lines(climber.judge(image))}</evaluation>"
    text = tag("instruction", climber.row.instruction) + evaluation + tag("references", len(climber.references))
    again = [Message("user", text), Message("assistant", "?"), Message("user", "<problem>no JSON</problem>")]
    reply = respond(again, [*climber.references, image], 1, schema="plan", skill=SURE)
    assert set(json.loads(reply)) == {"rationale", "steps"}


def _imports(module: str) -> set[str]:
    """All modules of the world that a module of it imports, at any depth."""
    modules: set[str] = set()
    ahead = [module]
    while ahead:
        path = Path(world.__file__).parent / ahead.pop().replace(".", "/")
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipeline.backends.world"):
                tail = (node.module or "").removeprefix("pipeline.backends.world").lstrip(".")
                named = {tail} if tail else {alias.name for alias in node.names}
                ahead += sorted(named - modules)
                modules |= named
    return modules


def test_truth_knows_nothing_of_the_analyzer_or_its_eyes() -> None:
    assert not {"sight", "models", "words"} & _rooms("oracle.truth")
    assert {"sight", "words"} <= _rooms("models.analyzer")
    assert not {"oracle", "tasks", "source"} & _rooms("respond")


def _rooms(module: str) -> set[str]:
    return {name.split(".")[0] for name in _imports(module)}
