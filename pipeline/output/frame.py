"""What is the same for every row of a run, and what one row is made from: small values that travel to the writing processes.

In: a manifest, hashes of prompts and identities of models. Out: a `RunFrame`, its JSON form for the files' `x2i` metadata, and
`Unit`s.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from pipeline.manifest.forms import FORMS, Product
from pipeline.manifest.spec import Manifest
from pipeline.output.cut import Fate
from pipeline.output.view import ViewSpec
from stages.dialects import Dialect
from stages.plain import plain
from stages.policy import Policy
from stages.rung import Recipe
from stages.rungs import read_recipe
from stages.trajectory import Trajectory

Text = TypeVar("Text", str, str | None)


@dataclass(frozen=True)
class RunFrame:
    """The constants of a run. `prompts` maps a prompt's name to its sha256, `identities` a role to a model identity. `markers` are
    those of the trainer's tokenizer, which no text may hold."""

    fingerprint: str
    seed: int
    dialect: Dialect
    view: ViewSpec
    policy: Policy
    prompts: Mapping[str, str]
    identities: Mapping[str, str]
    markers: tuple[str, ...] = ()

    def plain(self, text: Text) -> Text:
        """`text` as rows may hold it; None stays None."""
        return text if text is None else plain(text, self.markers)

    @property
    def recipe(self) -> Recipe:
        """The ladder of the run."""
        return read_recipe(self.policy)

    def about(self, product: Product) -> str:
        """The file metadata `x2i`, as JSON: what a reader needs to check the rows, or to score with the same judge."""
        policy = self.policy.model_dump(mode="json")
        metadata = {
            "schema": FORMS[product],
            "fingerprint": self.fingerprint,
            "shuffle_seed": self.seed,
            "dialect": self.dialect,
            "markers": list(self.markers),
            "image": {"size": list(self.view.size), "encoding": self.view.encoding},
            "judge": self.identities.get("analyzer"),
            "models": dict(self.identities),
            "prompts": dict(self.prompts),
            "thresholds": {"direct": policy["thresholds"], "step": policy["step_thresholds"]},
            "policy": policy,
        }
        return json.dumps(metadata, sort_keys=True)

    def provenance(self, t: Trajectory) -> str:
        """Where a row comes from, as JSON: no time, cost or latency, so that the same run gives the same bytes."""
        origin = {
            "fingerprint": self.fingerprint,
            "source": t.sample.source,
            "row_id": t.sample.row_id,
            **({"citation": self.plain(t.sample.citation)} if t.sample.citation is not None else {}),
            "models": dict(self.identities),
            "prompts": dict(self.prompts),
        }
        return json.dumps(origin, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Unit:
    """One row to be. `images` are the stored images whose views it holds; `number` tells rows of one sample apart.

    `number`: for `pairs` the position of the rejected image among the events, for `rl` the row's index in rank order.
    """

    id: str
    trajectory: Trajectory
    fate: Fate
    images: tuple[str, ...] = ()
    number: int = 0


def frame_of(
    manifest: Manifest, fingerprint: str, prompts: Mapping[str, str], identities: Mapping[str, str]
) -> RunFrame:
    """The frame of a build."""
    output = manifest.output
    view = ViewSpec(output.image.size, output.image.encoding)
    return RunFrame(
        fingerprint,
        manifest.seed,
        output.dialect,
        view,
        manifest.policy,
        dict(prompts),
        dict(identities),
        output.markers,
    )
