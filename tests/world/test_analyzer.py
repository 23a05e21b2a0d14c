"""The Analyzer against truth: never wrong when it does not err, wrong at its rate when it does."""

import ast
import json
from dataclasses import replace
from pathlib import Path

import pytest
from scipy.stats import binomtest

import pipeline.world as world
from pipeline.world import ops
from pipeline.world.reading import parse
from pipeline.world.respond import respond
from pipeline.world.scene import Scene
from pipeline.world.skill import PRESETS
from pipeline.world.source import WorldSpec, rows
from pipeline.world.truth import is_right
from stages.protocols import Message
from tests.world.climber import Climber, axis_lines, passes, tag

SURE = replace(PRESETS["world-analyzer"], error_rate=0.0)
STEADY = replace(PRESETS["world-baseline"], slip=0.05)
SPEC = WorldSpec(kind="world", name="w", count=180, size=128, exotic=0.15, clauses=dict.fromkeys(range(1, 7), 1.0))
Judged = list[tuple[Climber, bytes, bool]]


@pytest.fixture(scope="module")
def made() -> Judged:
    """Generated images, first tries and redrawn ones, with what truth says of them."""
    found: Judged = []
    for one in rows(SPEC, 99):
        climber = Climber(one, analyzer=SURE, baseline=STEADY)
        image = climber.direct()
        found.append((climber, image, is_right(image, one.truth)))
        redrawn = climber.reflect(image, climber.judge([*climber.references, image]))
        found.append((climber, redrawn, is_right(redrawn, one.truth)))
    return found


def test_without_error_it_agrees_with_truth(made: Judged) -> None:
    wrong = [c.row for c, image, right in made if passes(c.judge([*c.references, image])) != right]
    rights = sum(right for _, _, right in made)
    assert 80 < rights < len(made) - 80
    assert len(wrong) <= 0.005 * len(made), [r.instruction for r in wrong]


def test_it_errs_at_its_rate_in_both_directions(made: Judged) -> None:
    erring = replace(SURE, error_rate=0.1)
    false, seen = {True: 0, False: 0}, {True: 0, False: 0}
    for luck, (climber, image, right) in enumerate(made + made):
        judge = Climber(climber.row, analyzer=erring, luck=luck)
        false[right] += passes(judge.judge([*judge.references, image])) != right
        seen[right] += 1
    for right in (True, False):
        low, high = binomtest(false[right], seen[right]).proportion_ci(0.99)
        assert low <= 0.1 <= high, (right, false, seen)


def test_every_axis_is_scored_with_a_reason_and_no_other(made: Judged) -> None:
    for climber, image, _ in made[:60]:
        scores = climber.judge([*climber.references, image])
        assert set(scores) == {"instruction", "quality", "knowledge"} | (
            {"consistency"} if climber.references else set()
        )
        assert all(1 <= v["score"] <= 5 and v["reason"].endswith(".") for v in scores.values())


def test_a_plan_names_every_fault_so_that_it_can_be_mended(made: Judged) -> None:
    able = replace(PRESETS["world-generator"], mend=1.0, price=0.0)
    for climber, image, right in made[:120]:
        if climber.row.truth.exotic or right:
            continue
        mender = Climber(climber.row, analyzer=SURE, generator=able)
        scores = mender.judge([*mender.references, image])
        assert is_right(mender.reflect(image, scores), climber.row.truth), climber.row.instruction


def test_an_unfounded_complaint_does_no_harm(made: Judged) -> None:
    grumbling, able = replace(SURE, error_rate=1.0), replace(PRESETS["world-generator"], mend=1.0, price=0.0)
    rights = [(c.row, image) for c, image, right in made if right][:40]
    for one, image in rights:
        climber = Climber(one, analyzer=grumbling, generator=able)
        scores = climber.judge([*climber.references, image])
        assert not passes(scores)
        assert is_right(climber.reflect(image, scores), one.truth)


def test_exotic_things_fail_on_knowledge_and_only_where_they_are_explained() -> None:
    found = 0
    for one in rows(SPEC.model_copy(update={"exotic": 1.0, "clauses": {1: 1.0}, "count": 25}), 4):
        assert one.explanation
        climber = Climber(one, analyzer=SURE, baseline=replace(STEADY, slip=0.0, side=0.0))
        image = climber.direct()
        scores = climber.judge([*climber.references, image])
        assert scores["knowledge"]["score"] <= 2
        assert scores["instruction"]["score"] <= 4
        climber.attempts.append(scores)
        assert climber.diagnose(image) == "missing_knowledge"
        unaware = Climber(replace(one, explanation=None), analyzer=SURE)
        found += passes(unaware.judge([*climber.references, image]))
    assert found >= 5


def test_a_step_is_judged_against_what_it_started_from() -> None:
    one = next(r for r in rows(SPEC, 5) if r.reference and r.truth.clauses > 3 and not r.truth.exotic)
    climber = Climber(one, analyzer=SURE, generator=replace(PRESETS["world-generator"], slip=0.0, side=0.0))
    image = climber.direct()
    steps = climber.steps(image, climber.judge([*climber.references, image]))
    canvas = climber.references
    for step in steps:
        assert "else" in step
        assert parse(step)
        made_now = climber.draw(tag("subtask", step) + tag("references", 1), canvas, climber.generator)
        assert passes(climber.judge([*canvas, made_now], step))
        assert not passes(climber.judge([*canvas, *canvas], step))
        canvas = [made_now]
    assert is_right(canvas[0], one.truth)


def test_a_plan_may_start_from_the_failed_try(made: Judged) -> None:
    able = replace(PRESETS["world-generator"], slip=0.0, side=0.0)
    tried = [m for m in made if not m[2] and not m[0].row.truth.exotic][:15]
    for climber, image, _ in tried:
        text = tag("instruction", climber.row.instruction) + tag("start", "attempt")
        reply = json.loads(respond([Message("user", text)], [*climber.references, image], 1, schema="plan", skill=SURE))
        canvas = image
        for step in reply["steps"]:
            canvas = climber.draw(tag("subtask", step), [canvas], able)
        assert is_right(canvas, climber.row.truth), (climber.row.instruction, reply)


def test_rationale_and_diagnosis_are_words_to_a_reader(made: Judged) -> None:
    climber, image, _ = next(m for m in made if not m[2] and m[0].row.truth.clauses >= 3)
    scores = climber.judge([*climber.references, image])
    text = tag("instruction", climber.row.instruction) + f"<evaluation>{axis_lines(scores)}</evaluation>"
    images = [*climber.references, image]
    reply = respond([Message("user", text)], images, 1, schema="plan", skill=SURE)
    assert set(json.loads(reply)) == {"rationale", "steps"}
    again = [Message("user", text), Message("assistant", "?"), Message("user", "<problem>no JSON</problem>")]
    assert json.loads(respond(again, images, 1, schema="plan", skill=SURE))["steps"]


def _imports(module: str) -> set[str]:
    """All modules of the world that a module of it imports, at any depth."""
    tree = ast.parse((Path(world.__file__).parent / f"{module}.py").read_text())
    named: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipeline.world"):
            tail = (node.module or "").removeprefix("pipeline.world").lstrip(".")
            named |= {tail} if tail else {alias.name for alias in node.names}
    return named.union(*(_imports(name) for name in named))


def test_truth_knows_nothing_of_the_analyzer_or_its_eyes() -> None:
    assert _imports("truth") == {"draw", "scene"}
    assert {"vision", "faults"} <= _imports("analyzer")
    assert not {"truth", "tasks", "source"} & _imports("respond")


def test_conventions_of_counting() -> None:
    scene = ops.apply(Scene("white"), parse("add a red circle at the top, add a red circle on the right"))
    more = ops.apply(scene, parse("there should be exactly three red circles"))
    assert [t.place for t in more.things] == ["top left", "top", "right"]
    assert [t.place for t in ops.apply(more, parse("show exactly one red circle")).things] == ["top left"]
