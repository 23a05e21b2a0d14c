"""Makes finished trajectories of every kind from the real records, with random PNGs in a real store."""

import hashlib
import io
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from PIL import Image

from pipeline.manifest.spec import Manifest
from pipeline.storage.image_store import ImageStore
from stages.identity import rank, sample_id
from stages.policy import Policy
from stages.prune import prune
from stages.records import (
    AXES,
    Against,
    Axis,
    AxisScore,
    Checker,
    Climb,
    Diagnosis,
    Evaluation,
    Event,
    ImageRef,
    Judgement,
    Plan,
    Reflection,
    Sample,
    Score,
    Split,
    Step,
)
from stages.rungs import read_recipe
from stages.trajectory import Trajectory

PROMPTS = {"evaluate": "a" * 64, "generate": "b" * 64}
IDENTITIES = {"baseline": "world/base@1", "generator": "world/strong@1", "analyzer": "world/judge@1"}
FINGERPRINT = "f" * 64
RECIPE = read_recipe(Policy(step_retry="redraw"))


def manifest(**sections: Any) -> Manifest:
    """A small manifest; `sections` replace its own."""
    model = {"backend": "world", "model": "m"}
    judging = {"judgements": 1, "second": "off"}
    data = {
        "name": "made",
        "seed": 7,
        "sources": [{"kind": "world", "name": "made", "count": 1}],
        "models": {"baseline": model, "generator": model, "analyzer": model},
        "policy": {"judging": judging, "step_retry": "redraw"},
        "output": {"image": {"size": 64}},
    }
    return Manifest.model_validate(data | sections)


def png(seed: int, size: tuple[int, int] = (48, 40), noise: bool = True) -> bytes:
    """A small random picture."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    if not noise:
        pixels[:] = pixels[0, 0]
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def verdict(passed: bool, axes: tuple[Axis, ...] = AXES, score: int = 2) -> Evaluation:
    return Evaluation(tuple(AxisScore(a, 5 if passed else score, f"{a} as seen", passed) for a in axes), 0.0)


@dataclass
class Maker:
    """Trajectories over a store; `n` counts images, so every picture differs. Each is judged `times` times, unanimously."""

    store: ImageStore
    seed: int = 7
    size: tuple[int, int] = (48, 40)
    n: int = 0
    times: int = 1
    calls: int = 0
    made: list[Trajectory] = field(default_factory=list)

    def image(self, noise: bool = True) -> ImageRef:
        self.n += 1
        return self.store.put(png(self.n, self.size, noise))

    def start(self, row: int, references: int = 1, split: Split = "train", climb: Climb = "full") -> Trajectory:
        refs = tuple(self.image() for _ in range(references))
        instruction = f"put {row} red circles left of the box" + (" <image>" if row % 5 == 0 else "")
        name = sample_id("made", str(row), hashlib.sha256(instruction.encode()).hexdigest())
        axes: tuple[Axis, ...] = AXES if references else ("instruction", "quality", "knowledge")
        sample = Sample(
            id=name,
            source="made",
            row_id=str(row),
            instruction=instruction,
            explanation=None if row % 2 else "a box has six faces",
            references=refs,
            first=None,
            applicable_axes=axes,
            task=("t2i", "edit", "compose")[min(references, 2)],
            category="count" if row % 3 else "addition",
            width=48,
            height=40,
            licence="CC0-1.0",
            leak_group=f"group-{row}",
            split=split,
            climb=climb,
            checker=Checker("objects", '{"include": []}') if row % 2 else Checker(),
        )
        return Trajectory(sample, rank(self.seed, name))

    def draw(
        self, t: Trajectory, index: int, attempt: int = 1, inputs: tuple[ImageRef, ...] | None = None
    ) -> Trajectory:
        role = "baseline" if index == 1 else "generator"
        input_images = t.sample.references if inputs is None else inputs
        made_by = f"{role}:{IDENTITIES[role]}"
        event = Event(
            "generation",
            index,
            attempt,
            image=self.image(),
            inputs=tuple(i.sha256 for i in input_images),
            made_by=made_by,
        )
        return t.add(replace(event, prompt="generate", prompt_sha256="b" * 64, seed=self.n, call_key=f"key{self.n}"))

    def judge(self, t: Trajectory, passed: bool, against: Against = "original") -> Trajectory:
        last = t.last("generation")
        payload = verdict(passed, t.sample.applicable_axes)
        event = Event("evaluation", last.index, last.attempt, against=against, payload=payload, image=last.image)
        judgements = [self.judgement(payload) for _ in range(self.times)]
        if self.times > 1:
            event = replace(event, payload=replace(payload, judgements=tuple(judgements)))
        return t.add(
            replace(event, made_by=judgements[0].made_by, seed=judgements[0].seed, call_key=judgements[0].call_key)
        )

    def judgement(self, payload: Evaluation) -> Judgement:
        self.calls += 1
        scores = tuple(Score(a.axis, a.score, a.passed) for a in payload.axes)
        made_by = f"analyzer:{IDENTITIES['analyzer']}"
        return Judgement("analyzer", scores, self.calls, f"judged{self.calls}", made_by)

    def try_once(self, t: Trajectory, index: int, passed: bool) -> Trajectory:
        t = t if t.entered else t.enter("direct")
        inputs = t.sample.references if index == 1 else (*t.sample.references, t.current().image)
        return self.judge(self.draw(t, index, inputs=inputs), passed)

    def chain(self, t: Trajectory, rounds: int, passed: bool) -> Trajectory:
        t = self.try_once(t, 1, passed=False)
        for k in range(1, rounds + 1):
            looked_at = (t.current().image.sha256,)
            thought = Reflection("under_editing", f"one of {k} lacks", "add it")
            t = t.enter(f"reflect {k}").add(Event("reflection", k, payload=thought, inputs=looked_at))
            t = self.try_once(t, k + 1, passed and k == rounds)
        return t

    def keep(self, t: Trajectory) -> Trajectory:
        self.made.append(prune(t, RECIPE))
        return t

    def direct(self, row: int, **given: Any) -> Trajectory:
        return self.keep(self.try_once(self.start(row, **given), 1, passed=True).accept("direct"))

    def reflection(self, row: int, rounds: int = 2, **given: Any) -> Trajectory:
        return self.keep(self.chain(self.start(row, **given), rounds, passed=True).accept("reflection"))

    def multistep(self, row: int, steps: int = 2, retried: bool = True, **given: Any) -> Trajectory:
        t = self.chain(self.start(row, **given), 3, passed=False)
        t = self.diagnose(t, Diagnosis("prompt_too_complex", "too much at once")).enter("multistep")
        texts = tuple(f"do part {n}" for n in range(1, steps + 1))
        t = t.add(
            Event(
                "decomposition",
                1,
                payload=Plan("one by one", texts),
                inputs=(t.root().image.sha256,),
                from_try=t.root().number,
            )
        )
        canvas = t.sample.references
        for i, text in enumerate(texts, start=2):
            t = t.add(Event("subtask", i, payload=Step(text)))
            if retried:
                t = self.judge(self.draw(t, i, 1, canvas), False, "subtask")
            last = i == steps + 1
            if last and retried:
                t = self.judge(self.judge(self.draw(t, i, 2, canvas), True, "subtask"), False)
            t = self.judge(self.draw(t, i, 3, canvas), True, "subtask")
            t = self.judge(t, True) if last else t
            canvas = (t.current().image,)
        return self.keep(t.accept("multistep"))

    def diagnose(self, t: Trajectory, why: Diagnosis) -> Trajectory:
        event = Event("diagnosis", 4, payload=why, inputs=(t.current().image.sha256,))
        return t.enter("multistep diagnosis").add(event)

    def discarded(self, row: int, **given: Any) -> Trajectory:
        t = self.chain(self.start(row, **given), 3, passed=False)
        t = self.diagnose(t, Diagnosis("missing_knowledge", "never seen one"))
        return self.keep(t.discard("missing_knowledge", "never seen one"))

    def failed(self, row: int, **given: Any) -> Trajectory:
        return self.keep(
            self.draw(self.start(row, **given).enter("direct"), 1).fail("malformed", "instruction: is missing")
        )

    def bad_row(self, row: int) -> Trajectory:
        t = self.start(row, references=0)
        return self.keep(
            replace(t, sample=replace(t.sample, instruction="", width=0, height=0)).fail("input", "row 3: empty")
        )

    def prompt(self, row: int, **given: Any) -> Trajectory:
        """An RL prompt that met the direct rung once and failed there."""
        return self.keep(
            self.try_once(self.start(row, split="rl", climb="direct", **given), 1, passed=False).accept(None)
        )

    def everything(self, count: int) -> list[Trajectory]:
        """A mixture with every mode, fate and split in it."""
        for row in range(0, 12 * count, 12):
            self.direct(row, references=0)
            self.direct(row + 1, split="validation")
            self.reflection(row + 2, references=row // 12 % 3)
            self.reflection(row + 3, rounds=3)
            self.reflection(row + 4, rounds=1, split="validation")
            self.multistep(row + 5, references=row // 12 % 3)
            self.multistep(row + 6, retried=False)
            self.discarded(row + 7)
            self.failed(row + 8)
            self.prompt(row + 9, references=row // 12 % 3)
            self.keep(self.start(row + 10, split="rl", climb="none").accept(None))
            self.discarded(row + 11, split="rl")
        self.bad_row(12 * count)
        self.keep(self.try_once(self.start(12 * count + 1, split="rl"), 1, passed=True).accept("direct"))
        return self.made
