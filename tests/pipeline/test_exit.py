"""The exit code of a build that comes to its end: 0 only where it is good, and the same each time the command is typed."""

import json
from pathlib import Path

from tests.pipeline.test_build import x2i

MANIFEST = """\
name: bad
sources: [{kind: jsonl, name: rows, path: rows.jsonl, columns: {instruction: prompt}}]
models:
  baseline: {model: world-baseline}
  generator: {model: world-generator}
  analyzer: {model: world-analyzer}
"""


def test_a_build_in_which_every_sample_failed_is_not_done(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(MANIFEST)
    (tmp_path / "rows.jsonl").write_text('{"prompt": ""}\n{"prompt": "a", "prompt": "b"}\n')
    command = ("build", tmp_path / "m.yaml", "--out", tmp_path / "out", "--set", "run.max_failed=1")
    for _ in range(2):
        ended = x2i(*command, check=False)
        assert ended.returncode == 3
        assert "Done" not in ended.stdout
        assert "nothing was kept of 2 planned samples (input 2); mend the rows" in ended.stderr.splitlines()[-1]
    assert json.loads((tmp_path / "out" / "run.json").read_text())["counts"]["failed"] == 2
