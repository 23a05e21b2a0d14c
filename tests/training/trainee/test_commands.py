"""What `x2i train` refuses before anything heavy is loaded."""

import pytest

from pipeline.cli import main
from training.trainee import problem


def said(capsys, monkeypatch, *words):
    monkeypatch.setattr("sys.argv", ["x2i", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code, capsys.readouterr().err


def test_a_missing_extra_is_named(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(problem, "NEEDED", ("json", "no_such_library"))
    code, words = said(capsys, monkeypatch, "train", "sft", str(tmp_path), "--model", "m", "--out", str(tmp_path))
    assert (code, words) == (2, "x2i: training needs no_such_library: pip install 'x2i-ladder[train]'\n")


@pytest.mark.parametrize("judges", [(), ("--judge", "a.yaml", "--checker", "a:b")])
def test_one_judge_has_to_be_named(capsys, monkeypatch, tmp_path, judges):
    words = ("train", "grpo", str(tmp_path), "--model", "m", "--out", str(tmp_path), *judges)
    code, text = said(capsys, monkeypatch, *words)
    assert code == 2
    assert "say who judges" in text
