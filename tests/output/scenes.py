"""Trajectories whose images are real scenes of the world: one task, and ways to get it right or wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from pipeline.backends.world.drawing.draw import picture
from pipeline.backends.world.oracle.truth import Truth
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.ops import Look, Selector
from pipeline.backends.world.scenes.scene import Scene, Thing
from stages.records import Against, Axis, AxisScore, Evaluation, Event, ImageRef, Reflection
from stages.trajectory import Trajectory
from tests.output.factory import Maker

SIDE = 256
CIRCLE, SQUARE = Thing("circle", "red", "medium", "left"), Thing("square", "blue", "medium", "top right")
START = Scene.of("mint", (CIRCLE, SQUARE))
RIGHT = START.put(replace(CIRCLE, colour="green"))
UNDONE = START
MOVED = RIGHT.drop("top right").put(SQUARE.at("bottom"))
STREAKED = RIGHT.streaked("center")
TRUTH = Truth(
    start=START,
    pictures=(START,),
    clauses=(ops.Alter(Selector(Look("circle")), Look(colour="green")),),
    target=RIGHT,
    exotic=False,
    cause="rendering_limit",
    loose=False,
)


@dataclass
class Scenes(Maker):
    """Draws the scene in `shown`, each time with other noise; noise alone where there is none."""

    shown: Scene | None = None

    def image(self, noise: bool = True) -> ImageRef:
        if self.shown is None:
            return super().image(noise)
        self.n += 1
        return self.store.put(picture(self.shown, SIDE, SIDE, np.random.default_rng(self.n)))

    def try_scene(
        self,
        t: Trajectory,
        index: int,
        scene: Scene,
        faults: Mapping[Axis, str],
        attempt: int = 1,
        against: Against = "original",
    ) -> Trajectory:
        """One more image, which shows `scene`, and its verdict: the axes in `faults` fail for that reason."""
        t = t if t.entered else t.enter("direct")
        self.shown = scene
        t = self.draw(t, index, attempt, self.inputs(t, index))
        self.shown = None
        axes = tuple(
            AxisScore(a, 2 if a in faults else 5, faults.get(a, "fine"), a not in faults)
            for a in t.sample.applicable_axes
        )
        image = t.current().image
        return t.add(Event("evaluation", index, attempt, against=against, payload=Evaluation(axes, 0.0), image=image))

    @staticmethod
    def inputs(t: Trajectory, index: int) -> tuple[ImageRef, ...]:
        """What the next image is made from: the references, and the image that a redraw or a step works on."""
        refs = t.sample.references
        if t.rung == "multistep":
            steps = [e.image for e in t.events if e.kind == "generation" and e.rung == "multistep" and e.image]
            return (steps[-1],) if steps else refs
        return refs if index == 1 else (*refs, t.current().image)


def add_reflection(t: Trajectory, index: int, analysis: str) -> Trajectory:
    """One more reflection on the candidate with this failure analysis."""
    payload, seen = Reflection("under_editing", analysis, "mend it"), (t.current().image.sha256,)
    return t.enter(f"reflect {index}").add(Event("reflection", index, payload=payload, inputs=seen))
