"""A small finished build made by hand: real records, real parquet, real images; no models, no Ray."""

import io
import itertools
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageDraw

from pipeline.manifest.spec import RL
from pipeline.output import record
from pipeline.output.cut import FATES, Fate
from pipeline.output.frame import Unit
from pipeline.output.funnel import by_category, by_station
from pipeline.output.schema import RECORD
from pipeline.output.voice_counts import voice_counts
from pipeline.storage.image_store import ImageStore
from stages.best_of import merit
from stages.policy import Policy
from stages.prune import prune
from stages.records import (
    AXES,
    AxisScore,
    Cause,
    Checker,
    Diagnosis,
    Evaluation,
    Event,
    ImageRef,
    Plan,
    Reflection,
    Sample,
    Step,
)
from stages.rungs import read_recipe
from stages.trajectory import Trajectory
from tests.views.made_calls import judged, write_ledger
from tests.views.made_words import CATEGORIES, INSTRUCTIONS, THOUGHTS


class Build:
    """Grows trajectories and writes them as a finished build."""

    def __init__(
        self,
        out: Path,
        side: int = 192,
        noise: int = 6,
        seed: int = 7,
        contrary: float | None = None,
        policy: Policy | None = None,
    ) -> None:
        """`contrary`: judge every image twice and contradict oneself so often; None: judge once."""
        self.policy = policy or Policy()
        self.recipe = read_recipe(self.policy)
        self.out, self.side, self.noise, self.contrary = out, side, noise, contrary
        self.keys = itertools.count()
        self.store = ImageStore(str(out / "store"))
        self.random = random.Random(seed)
        self.made: list[tuple[Fate, Trajectory]] = []

    def image(self, side: int | None = None) -> ImageRef:
        """A drawn scene with sensor noise."""
        r, side = self.random, side or self.side
        scene = Image.new("RGB", (side, side), tuple(r.randrange(170, 240) for _ in range(3)))
        pen = ImageDraw.Draw(scene)
        for _ in range(r.randrange(2, 7)):
            x, y, s = r.randrange(side), r.randrange(side), r.randrange(side // 8, side // 3)
            colour = tuple(r.randrange(20, 230) for _ in range(3))
            (pen.ellipse if r.random() < 0.5 else pen.rectangle)((x, y, x + s, y + s), fill=colour)
        grain = np.random.default_rng(r.randrange(1 << 30)).integers(-self.noise, self.noise + 1, (side, side, 3))
        file = io.BytesIO()
        Image.fromarray(np.clip(np.asarray(scene) + grain, 0, 255).astype(np.uint8)).save(file, "PNG", compress_level=1)
        return self.store.put(file.getvalue())

    def sample(self, **change: Any) -> Sample:
        """A sample with a fresh id; an edit of one reference unless said otherwise."""
        references = change.pop("references", (self.image(),))
        values: dict[str, Any] = {
            "id": f"{self.random.getrandbits(128):032x}",
            "source": "world",
            "row_id": str(len(self.made)),
            "instruction": self.random.choice(INSTRUCTIONS),
            "explanation": None,
            "references": references,
            "first": None,
            "applicable_axes": AXES if references else tuple(a for a in AXES if a != "consistency"),
            "task": "edit" if references else "t2i",
            "category": self.random.choice(CATEGORIES),
            "width": self.side,
            "height": self.side,
            "licence": "cc0-1.0",
            "leak_group": "g",
            "split": "train",
            "climb": "full",
            "checker": Checker(),
        }
        return Sample(**(values | change))

    def shot(self, t: Trajectory, index: int, good: bool, attempt: int = 1, against: str = "original") -> Trajectory:
        """G and E added: a first image or step is made from what is given, any other from the candidate's image."""
        seen = [ref.sha256 for ref in t.sample.references]
        origin = self.origin(t, index)
        event = Event(
            "generation",
            index,
            attempt,
            image=self.image(),
            inputs=(*seen, origin) if origin else tuple(seen),
            made_by="generator:world-1",
            seed=1,
            call_key=self.key(),
        )
        t = t.add(event)
        return t.add(self.verdict(t, index, good, attempt, against, t.current().image))

    @staticmethod
    def origin(t: Trajectory, index: int) -> str | None:
        """The image that the next one works on: of a step that of the step before, else that of the candidate."""
        if t.rung in ("direct", "best_of", "mine", ""):
            return None
        if t.rung != "multistep":
            return t.current().image.sha256
        before = [e for e in t.events if e.rung == "multistep" and e.kind == "generation" and e.index == index - 1]
        return before[-1].image.sha256 if before and before[-1].image else None

    def verdict(self, t: Trajectory, index: int, good: bool, attempt: int, against: Any, image: ImageRef) -> Event:
        """An E that passes or fails."""
        axes = []
        for n, axis in enumerate(t.sample.applicable_axes):
            passed = good or n > 0
            score = 5 if good else (5 - n % 2 if passed else self.random.randrange(1, 5))
            reason = "Everything asked for is there." if passed else self.random.choice(THOUGHTS)
            axes.append(AxisScore(axis, score, reason, passed))
        payload = Evaluation(tuple(axes), 0.0)
        event = Event(
            "evaluation",
            index,
            attempt,
            against=against,
            payload=payload,
            image=image,
            inputs=(image.sha256,),
            made_by="analyzer:w",
            call_key=self.key(),
        )
        return event if self.contrary is None else judged(event, self.random, self.contrary)

    def key(self) -> str:
        """A fresh call key."""
        return f"k{next(self.keys)}"

    def chain(self, t: Trajectory, rounds: int, good: bool) -> Trajectory:
        """The direct try, then so many rounds of reflection; the last one is good or not."""
        t = self.shot(t.enter("direct"), 1, good=good and rounds == 0)
        return self.reflected(t, rounds, good)

    def reflected(self, t: Trajectory, rounds: int, good: bool) -> Trajectory:
        """So many rounds of reflection on the candidate; the last one is good or not."""
        for k in range(1, rounds + 1):
            t = t.enter(f"reflect {k}").add(self.thought(t, k))
            t = self.shot(t, k + 1, good=good and k == rounds)
        return t

    def thought(self, t: Trajectory, k: int) -> Event:
        """R on the candidate."""
        r = Reflection(
            self.random.choice(("under_editing", "over_editing", "targeting_error")),
            self.random.choice(THOUGHTS),
            "Keep the square where it is and give the circle the colour that the instruction names.",
        )
        seen = (t.current().image.sha256,)
        return Event("reflection", k, payload=r, inputs=seen, made_by="analyzer:w", call_key=self.key())

    def diagnosed(self, t: Trajectory, cause: Cause) -> Trajectory:
        """D on the candidate."""
        seen = (t.current().image.sha256,)
        index = t.last("generation").index
        event = Event("diagnosis", index, payload=Diagnosis(cause, "There is no such shape."), inputs=seen)
        return t.enter("multistep diagnosis").add(event)

    def several(self, t: Trajectory, passes: tuple[bool, ...]) -> Trajectory:
        """The tries of `best_of`, the best of them chosen."""
        t, numbers = t.enter("best_of"), []
        for attempt, good in enumerate(passes, start=1):
            t = self.shot(t, 1, good, attempt)
            numbers.append(t.candidate)
        order = self.policy.best_of.order
        drawn = [one for one in t.tries() if one.number in numbers]
        return t.choose(max(drawn, key=lambda one: (merit(one.verdict, order), -one.number)).number)

    def stepped(self, t: Trajectory, steps: int = 2, retry: bool = True) -> Trajectory:
        """An accepted multi-step trajectory after a chain that failed."""
        t = self.diagnosed(self.chain(t, 3, good=False), "prompt_too_complex").enter("multistep")
        words = tuple(
            f"Step {n}: change one thing only, unrelated regions stay as they are." for n in range(1, steps + 1)
        )
        plan = Plan("Local changes before global ones.", words)
        t = t.add(Event("decomposition", 1, payload=plan, inputs=(t.root().image.sha256,), from_try=t.root().number))
        for i, text in enumerate(words, start=2):
            t = t.add(Event("subtask", i, payload=Step(text)))
            if retry and i == 2:
                t = self.shot(t, i, good=False, attempt=1, against="subtask")
            t = self.shot(t, i, good=True, attempt=1 + (retry and i == 2), against="subtask")
        return t.add(self.verdict(t, steps + 1, True, 1, "original", t.current().image)).accept("multistep")

    def add(self, t: Trajectory, fate: Fate = "kept") -> Trajectory:
        """Take a finished trajectory in, pruned."""
        self.made.append((fate, prune(t, self.recipe)))
        return self.made[-1][1]

    def fill(self, n: int) -> "Build":
        """A plausible mix of `n` samples."""
        for rank in range(n):
            p = self.random.random()
            references = (
                ()
                if self.random.random() < 0.35
                else tuple(self.image() for _ in range(self.random.choice((1, 1, 1, 3))))
            )
            if p < 0.1:
                t = Trajectory(self.sample(references=references, split="rl", climb="direct"), rank)
                good = p < 0.05
                self.add(self.chain(t, 0, good).accept("direct" if good else None))
                continue
            t = Trajectory(self.sample(references=references), rank)
            if p < 0.45:
                self.add(self.chain(t, 0, True).accept("direct"), "kept" if p < 0.42 else "surplus")
            elif p < 0.7:
                rounds = 1 if p < 0.6 else 2 if p < 0.66 else 3
                self.add(self.chain(t, rounds, True).accept("reflection"))
            elif p < 0.84:
                self.add(self.stepped(t, self.random.choice((2, 2, 3))))
            elif p < 0.93:
                cause: Cause = self.random.choice(("missing_knowledge", "rendering_limit"))
                words = "The texture asked for, marble, is none that the Generator can draw."
                self.add(self.diagnosed(self.chain(t, 3, False), cause).discard(cause, words), "discarded")
            elif p < 0.96:
                self.add(t.enter("direct").discard("refused", "I cannot help with that picture."), "discarded")
            elif p < 0.98:
                self.add(
                    self.chain(t, 1, False)
                    .enter("reflect 2")
                    .fail("malformed", 'no axis `quality` in the reply: {"instruction"'),
                    "failed",
                )
            else:
                self.add(t.fail("input", "pictures.jsonl, row 17, image: truncated; send the file again"), "failed")
        return self

    def write(self, ledger: bool = False, image_usd: float | None = None, **run: Any) -> Path:
        """record/ and run.json, as finalise writes them; `ledger.parquet` on request, with money for images if they cost."""
        folder = self.out / "record"
        folder.mkdir(parents=True, exist_ok=True)
        rows = [record.row(Unit(t.sample.id, t, fate)) for fate, t in self.made]
        pq.write_table(pa.Table.from_pylist(rows, schema=RECORD), folder / "train-00000-of-00001.parquet")
        if ledger:
            write_ledger(self.out / "ledger.parquet", [t for _, t in self.made], random.Random(1), image_usd)
        fates = Counter(fate for fate, _ in self.made)
        counts = {"planned": len(self.made), "beyond_cut": 0} | {fate: fates[fate] for fate in FATES}
        modes = Counter(t.mode for fate, t in self.made if fate == "kept" and t.mode and t.sample.split != RL)
        planned = [(t, fate) for fate, t in self.made]
        data = {
            "format": "run/1",
            "name": "demo",
            "kept_by_split": {},
            "reasons": {},
            "funnel": by_station(planned, self.recipe),
            "categories": by_category(planned, self.recipe),
            "voice": voice_counts(planned, self.recipe),
            "cut_rank": None,
            "shuffle_seed": 1,
            "store": "store",
            "files": {},
            "finished_at": "2026-11-21T00:00:00+00:00",
            "counts": counts,
            "kept_by_mode": {mode: modes[mode] for mode in self.recipe.modes},
            "quotas": {"direct": 75, "reflection": 90, "multistep": None},
            "fingerprint": "3f" * 32,
            "manifest": {"name": "demo", "policy": self.policy.model_dump(mode="json"), "run": {"store": None}},
            "models": {"baseline": "world:base@1", "generator": "world:strong@1", "analyzer": "world:judge@1"},
            "prompts": {"evaluate.j2": "ab" * 32},
            "versions": {"x2i-ladder": "0.1.0", "pyarrow": pa.__version__},
        }
        (self.out / "run.json").write_text(json.dumps(data | run), encoding="utf-8")
        return self.out
