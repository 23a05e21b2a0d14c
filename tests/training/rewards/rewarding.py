"""A real reward server in this process, judged by the world."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.commands.rewarding import _app, judges, settings_of
from pipeline.manifest.file import load
from pipeline.manifest.identity import load_prompts
from pipeline.run import practice
from pipeline.run.alone import alone
from prompts.rewards import BESIDE
from tests.serving import serving

DEMO = Path(__file__).parents[3] / "manifests" / "demo.yaml"
SURE = ["models.analyzer.options={error_rate: 0.0, severe: 0.0}", "policy.judging.judgements=1"]


@contextmanager
def reward_server(folder: Path, wait_s: float = 60.0, sets=(), known=None) -> Iterator[str]:
    """One worker of the world judges: each takes seconds to start."""
    practice.MOST_WORKERS = 1
    manifest = load(DEMO, [*SURE, *sets])
    prompts = load_prompts(manifest.recipe, further=[BESIDE])
    settings = settings_of("0.7,0.1,0.2", 0.05, "multiply", "quarters", False)
    with (
        alone(manifest, judges(manifest), folder, "rewards", print) as site,
        serving(_app(site, prompts, settings, wait_s, known or {})) as url,
    ):
        yield url
