"""What the README says is so: its commands exist, its paths exist, its code runs."""

import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
TARGETS = set(re.findall(r"^([a-z0-9-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def test_the_first_screen_holds_the_two_commands():
    assert README.index("make build-dataset") < README.index("make test") < 700


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:^|`)make ([a-z][a-z0-9-]+)", README, re.MULTILINE))))
def test_every_make_command_exists(target):
    assert target in TARGETS
    done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_make_help_lists_every_target():
    listed = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    shown = {line.split()[0] for line in listed.splitlines()}
    assert shown == TARGETS


@pytest.mark.parametrize(
    "command",
    sorted(
        set(
            re.findall(r"x2i (build|verify|show|report|truth|compare|plan|journal|whatif|mend|serve|release)\b", README)
        )
    ),
)
def test_every_x2i_command_exists_with_the_options_named(command):
    result = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, [command, "--help"])
    assert result.exit_code == 0
    for line in re.findall(rf"x2i {command} ([^\n`|]*)", README):
        for option in re.findall(r"--[a-z][a-z-]+", line):
            assert option in result.output


def test_every_module_in_the_file_tree_exists():
    tree = README[README.index("manifests/   WHAT") : README.index("To read the code")]
    room = ""
    for line in tree.splitlines():
        if match := re.match(r"([a-z]+)/ ", line):
            room = match.group(1)
            assert (ROOT / room).is_dir(), room
        elif match := re.match(r"  ([a-z/* ·]+?)  ", line):
            for name in match.group(1).split(" · "):
                assert list((ROOT / room).glob(f"{name.strip('/*')}*")), f"{room}/{name}"
    for path in re.findall(r"`((?:pipeline|stages|manifests)/[a-z/_]+\.[a-z]+)`", README):
        assert path == "manifests/mine.yaml" or (ROOT / path).exists(), path


@pytest.mark.parametrize("page", ["README.md", "pipeline/backends/world/README.md"])
def test_every_picture_and_link_is_there(page):
    home = (ROOT / page).parent
    for target in re.findall(r"\]\((?!#|https?:)([^)#]+)\)", (ROOT / page).read_text("utf-8")):
        assert (home / target).exists(), target
