"""Each check of a row's own content drops what is past its threshold and says by how much, and nothing else."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import ValidationError

from pipeline.errors import BuildError
from pipeline.screening import needs
from pipeline.screening.dropped import read_screened
from pipeline.screening.screen import Screen
from pipeline.screening.unsafe import listed
from stages.records import ImageRef

from .rows import at, encoded, judged, sample, scene, spec

PICTURE = ImageRef("0" * 64, 300, 200, "PNG")


@pytest.mark.parametrize(
    ("screens", "detail"),
    [
        ({"min_side": 201}, "the reference has 300 x 200 pixels (shorter side at least 201)"),
        ({"min_side": 200}, None),
        ({"max_aspect": 1.4}, "the reference has 300 x 200 pixels, 1.50 to 1 (at most 1.4)"),
        ({"max_aspect": 1.5}, None),
    ],
)
def test_sizes(screens: dict[str, Any], detail: str | None) -> None:
    with Screen(spec(images=screens), None) as screen:
        dropped = screen.judge(sample("add a hat", PICTURE), at(1))
        assert (dropped and dropped.detail) == detail
        brought = screen.judge(sample("a cat", first=PICTURE), at(2))
        assert (brought and brought.detail) == (detail and detail.replace("the reference", "the brought image"))


def test_a_blank_picture_is_told_from_a_pale_one() -> None:
    pale = Image.new("RGB", (64, 64), (250, 250, 250))
    pale.paste((240, 240, 240), (0, 0, 32, 64))
    with Screen(spec(images={"min_contrast": 2}), None) as screen:
        assert judged(screen, "add a hat", 1, encoded(Image.new("RGB", (64, 64), (9, 9, 9)))) == "blank"
        assert judged(screen, "add a hat", 2, encoded(pale)) is None
        with pytest.raises(ValueError, match="0 looks for 1 images"):
            screen.judge(sample("add a hat", PICTURE), at(3))


def test_languages() -> None:
    with Screen(spec(language={"keep": ["en"]}), None) as screen:
        for n, text in enumerate(["a photo of a bench", "make it snowy", "add hat", "Remove the umbrella", "x"]):
            assert judged(screen, text, n) is None, text
        for n, text in enumerate(
            [
                "把天空变成粉色，并且加一座桥",
                "Ändere bitte die Farbe des Autos in ein dunkles Blau",
                "Сделай небо розовым",
            ],
            10,
        ):
            assert judged(screen, text, n) == "language", text
    with pytest.raises(BuildError, match=r"screens\.language\.keep: qq is no language"):
        Screen(spec(language={"keep": ["qq"]}), None)


def test_unsafe_words_are_whole_words_and_the_manifest_has_its_say() -> None:
    assert len(listed()) > 300
    with Screen(spec(unsafe={"words": True, "add": ["Blood-Stained"], "allow": ["nude"]}), None) as screen:
        texts = {
            "a PORN star": "unsafe_words",
            "a blood stained knife": "unsafe_words",
            "a nude in the style of Rubens": None,
            "a big black dog tied up beside a girl on a bike": None,
            "the cockpit of a plane in Essex": None,
        }
        assert {text: judged(screen, text, n) for n, text in enumerate(texts)} == texts
    with pytest.raises(ValidationError, match="say words: true"):
        spec(unsafe={"add": ["x"]})


def test_what_was_dropped_is_written_with_its_reason(tmp_path: Path) -> None:
    with Screen(spec(images={"min_side": 999}), tmp_path) as screen:
        screen.judge(sample("b", PICTURE, row=2), at(2))
        screen.judge(sample("a", PICTURE, row=1), at(1))
        screen.drop(sample("c", row=3), at(3), "licence", "cc-by-nc-4.0 is not allowed")
        assert screen.write(tmp_path / "screened.parquet") == 3
        assert screen.counts() == {"licence": 1, "too_small": 2}
    rows = list(read_screened(tmp_path / "screened.parquet"))
    assert [(r.source, r.place.row, r.row_id, r.instruction, r.dropped.reason) for r in rows] == [
        ("s", 1, "1", "a", "too_small"),
        ("s", 2, "2", "b", "too_small"),
        ("s", 3, "3", "c", "licence"),
    ]


def test_a_missing_library_names_its_extra() -> None:
    with pytest.raises(BuildError, match=r"pip install 'x2i-ladder\[screens\]'"):
        needs.need("no_such_library", "screens")


def test_nothing_is_screened_unless_it_is_said() -> None:
    assert not spec().is_on
    with Screen(spec(), None) as screen:
        assert [judged(screen, "porn", n, encoded(scene(1))) for n in range(2)] == [None, None]
