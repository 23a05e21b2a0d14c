"""A build's passes without Ray: samples climb in this process, by the models that `pipeline.models` composes.

In: a manifest, a folder. Out: the outcomes, as plain data without who answered; a worker of the world in an environment of
its own.
"""

import asyncio
import re
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from pipeline.batches.office import Office
from pipeline.errors import Parked
from pipeline.journal.scribe import Scribe
from pipeline.manifest.file import load
from pipeline.manifest.identity import load_prompts
from pipeline.models import ActorServices, accesses, build, compose, models_of
from pipeline.planning.plan import plan
from pipeline.storage.image_store import ImageStore
from pipeline.storage.outcomes import Outcomes
from stages.ladder import climb
from stages.prune import prune
from stages.trajectory import dump

ROOT = Path(__file__).parent.parent.parent
WORKERS = ROOT / "examples" / "workers"


class Place:
    """A manifest's build in `out`, in a database of its own or in that at `database`."""

    def __init__(self, manifest_file, out, *overrides, database=None, run="f" * 64):
        self.manifest = load(manifest_file, list(overrides))
        self.out = Path(out)
        self.out.mkdir(exist_ok=True)
        self.store = ImageStore(str(self.out / "store"))
        self.outcomes = Outcomes(database or f"sqlite:///{self.out / 'run.db'}", run)
        self.outcomes.create()
        self.planned = plan(self.manifest, self.store, 1).trajectories
        self.prompts = load_prompts(self.manifest.recipe)
        self.office = Office(self.manifest, self.outcomes, self.store, self.out, Console(quiet=True))

    def climb(self):
        """One pass: how many samples have no outcome after it."""
        kept = {t.sample.id for t in self.outcomes.all()}
        return asyncio.run(self._climb([t for t in self.planned if t.sample.id not in kept]))

    def climb_all(self):
        """Passes until every sample has its outcome; how many there were."""
        passes = 1
        while left := self.climb():
            self.office.exchange(left)
            passes += 1
        return passes

    async def _climb(self, todo):
        scribe = Scribe(self.outcomes)
        services = ActorServices(lambda what, by: None, None, scribe, asyncio.sleep)
        models = compose(self.manifest, self.store, None, self.prompts, services).models
        return sum(await asyncio.gather(*(self._one(t, models, scribe) for t in todo)))

    async def _one(self, t, models, scribe):
        try:
            t = await self._up(t, models)
        except Parked:
            return 1
        await scribe.keep(prune(t, self.manifest.recipe))
        return 0

    async def _up(self, t, models):
        for rung in self.manifest.recipe.rungs:
            t = await climb(t, rung, self.manifest.recipe, models)
        return t

    def in_process(self):
        """The outcomes as the same models give them when they are asked directly."""
        with ThreadPoolExecutor(2) as pool:
            models = models_of(
                self.manifest,
                self.prompts,
                self.store,
                lambda role, spec: build(next(accesses(self.manifest, spec)), self.store, pool),
            )

            async def up_all():
                return await asyncio.gather(*(self._up(t, models) for t in self.planned))

            return sorted(anonymous(prune(t, self.manifest.recipe)) for t in asyncio.run(up_all()))

    def rows(self):
        """The outcomes, without who answered."""
        return sorted(map(anonymous, self.outcomes.all()))

    def tries(self):
        """How many rows of the ledger each call has."""
        with self.outcomes.engine.connect() as connection:
            return dict(connection.exec_driver_sql("SELECT call_key, count(*) FROM ledger GROUP BY call_key").all())

    def count(self, table):
        """The rows of a table."""
        with self.outcomes.engine.connect() as connection:
            return connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()


def anonymous(t):
    """A trajectory as JSON, without identities and the call keys made of them."""
    return re.sub(r'(:|")(world|batch|openai)/', r"\1/", re.sub(r'"call_key":"[0-9a-f]*"', "", dump(t)))


def environment(folder):
    """A fresh virtual environment, which finds the libraries of the world and the package itself; its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = Path(folder).glob("lib/python*/site-packages")
    (site / "world.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n")
    return Path(folder) / "bin" / "python"


@contextmanager
def worker(python, folder, *arguments):
    """A worker of the world on a folder, killed at the end with SIGKILL."""
    command = [str(python), "world.py", str(folder), *map(str, arguments)]
    with open(f"{folder}.log", "ab") as log:
        process = subprocess.Popen(command, cwd=WORKERS, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
