"""Licence, source and citation of a row: from columns or source, through screens, to what is said of the rows that are kept."""

from pathlib import Path

import pytest

from pipeline.manifest.spec import Manifest
from pipeline.output.origins import origins, warnings
from pipeline.screening.licences import check_licence
from pipeline.screening.screen import Screen
from pipeline.screening.spec import ScreensSpec
from pipeline.sources.bad_row import Place
from pipeline.sources.spec import UNSTATED
from pipeline.views.plan import plan as forecast
from stages.records import Sample

from .tables import climbing_trajectories, make_manifest, make_plan, table, write_jsonl

ROWS = [
    {"prompt": "a", "by": "MIT", "cite": "A 2024"},
    {"prompt": "b", "by": None, "cite": None},
    {"prompt": "c", "by": "cc-by-4.0 AND mit", "cite": None},
]


def samples(folder: Path, **values: str) -> list[Sample]:
    spec = table(write_jsonl(folder / "t.jsonl", ROWS), columns={"licence": "by", "citation": "cite"}, **values)
    return [t.sample for t in climbing_trajectories(make_plan(folder, spec))]


def test_a_row_has_its_own_licence_and_citation_or_else_those_of_its_source(tmp_path: Path) -> None:
    named = samples(tmp_path, licence="cc0-1.0", citation="B 2025")
    assert [(s.licence, s.citation) for s in named] == [
        ("MIT", "A 2024"),
        ("cc0-1.0", "B 2025"),
        ("cc-by-4.0 AND mit", "B 2025"),
    ]
    assert [s.licence for s in samples(tmp_path)][1] == UNSTATED


@pytest.mark.parametrize(
    ("allowed", "kept"),
    [
        ((), "abc"),
        (("mit",), "a"),
        (("mit", "CC-BY-4.0"), "ac"),
        (("cc-by-4.0",), ""),
        (("unstated",), "b"),
    ],
)
def test_only_allowed_licences_stay_and_a_row_that_joins_several_needs_all(
    tmp_path: Path, allowed: tuple[str, ...], kept: str
) -> None:
    stay = [s for s in samples(tmp_path) if check_licence(allowed, s) is None]
    assert "".join(s.instruction for s in stay) == kept


def test_a_row_of_another_licence_is_dropped_with_its_reason(tmp_path: Path) -> None:
    with Screen(ScreensSpec(allow_licences=("mit",)), None) as screen:
        dropped = [screen.judge(s, Place("t.jsonl", n, n)) for n, s in enumerate(samples(tmp_path), 1)]
        assert [d and (d.reason, d.detail) for d in dropped] == [
            None,
            ("licence", "unstated, which is none of mit"),
            ("licence", "cc-by-4.0, which is none of mit"),
        ]
        assert screen.counts() == {"licence": 2}


def test_nothing_is_planned_of_a_row_that_is_not_allowed(tmp_path: Path) -> None:
    spec = table(write_jsonl(tmp_path / "t.jsonl", ROWS), columns={"licence": "by"})
    plan = make_plan(tmp_path, spec, screens={"allow_licences": ["mit"]})
    assert [t.sample.instruction for t in plan.trajectories] == ["a"]


def test_shares_citations_and_rows_without_a_licence_are_named(tmp_path: Path) -> None:
    rows = [*samples(tmp_path), *samples(tmp_path, licence="MIT", citation="B 2025")]
    found = origins(rows)
    assert [(licence, n) for licence, n, _ in found.licences] == [("MIT", 3), ("cc-by-4.0 AND mit", 2), (UNSTATED, 1)]
    assert sum(share for _, _, share in found.licences) == pytest.approx(1)
    assert found.citations == (("s", None), ("s", "A 2024"), ("s", "B 2025"))
    (line,) = warnings(rows)
    assert line.startswith("1 of 6 kept rows have no licence that anybody states (s 1): say licence in the source")
    assert list(warnings(samples(tmp_path, licence="mit"))) == []


def test_a_plan_names_the_sources_without_a_licence(tmp_path: Path) -> None:
    def notes(**values: object) -> str:
        models = {role: {"model": f"world-{role}"} for role in ("baseline", "generator", "analyzer")}
        spec = table(write_jsonl(tmp_path / "t.jsonl", ROWS)) | {"licence": values.pop("licence", UNSTATED)}
        return " ".join(
            forecast(Manifest.model_validate(make_manifest(spec).model_dump() | {"models": models} | values)).notes
        )

    assert "No licence is stated for the rows of s: say licence there, or screens.allow_licences." in notes()
    assert "licence" not in notes(licence="mit")
    assert "All rows of s stay out: their licence is not stated" in notes(screens={"allow_licences": ["mit"]})
