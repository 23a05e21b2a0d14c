"""`x2i whatif`: a changed policy, replayed from the journal without a call.

In: the folder of a build, and changes of its policy. Out: what becomes of every sample that has an outcome, and what it takes,
today and under the changed policy. The end of a sample is unknown where it takes a branch whose answers are not in the
journal. Quotas are left aside: the figures are of all samples that climbed.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from pydantic import ValidationError

from pipeline.errors import one_line
from pipeline.journal.lookup import Lookup
from pipeline.manifest.difference import differences
from pipeline.manifest.generators import unknown_generator
from pipeline.manifest.identity import load_prompts
from pipeline.manifest.problems import lines, words_at
from pipeline.manifest.spec import Manifest, ManifestError
from pipeline.manifest.yaml_text import parse
from pipeline.models import identities
from pipeline.replay.place import open_outcomes, place
from pipeline.replay.replay import ReplayedCall, ReplayedClimb, answer_reader, replay
from pipeline.storage import ledger
from pipeline.storage.database import AT_ONCE
from pipeline.storage.image_store import ImageStore
from pipeline.storage.outcomes import Outcomes
from prompts.catalogue import Prompts
from stages.policy import Policy
from stages.protocols import ImageRequest
from stages.rung import Recipe
from stages.rungs import RecipeError, complete, read_recipe
from stages.trajectory import Trajectory

UNKNOWN = "unknown"
_PREFIX = "policy."


@dataclass
class Side:
    """What a policy makes of the samples.

    `ends`: how many came to which end (a mode, rl, "discarded: REASON", "failed: REASON", unknown). `unknown`: the calls
    without a known answer, as "RUNG: KIND by ROLE". `calls`: by medium ("text", "image"), of all SFT samples; where some ends are
    unknown there would be more. The others are of the SFT samples whose end is known under both policies, so
    that two sides compare: `accepted` of them, their calls (`texts`, `images`), what these cost (`usd`), and how many of
    them have no known price (`unpriced`).
    """

    ends: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    texts: int = 0
    images: int = 0
    usd: float = 0.0
    unpriced: int = 0

    def pay(self, climbed: ReplayedClimb, accepted: bool, prices: Mapping[str, float]) -> None:
        """Count what one sample took, and whether it was accepted."""
        self.accepted += accepted
        for call in climbed.answered:
            drawn = _medium(call) == "image"
            self.images += drawn
            self.texts += not drawn
            self.usd += prices.get(call.key, 0.0)
            self.unpriced += call.key not in prices


def _medium(call: ReplayedCall) -> str:
    return "image" if isinstance(call.request, ImageRequest) else "text"


@dataclass(frozen=True)
class WhatIf:
    """Today's policy, the changes, and both sides with their ladders; `moved` counts samples by (end today, end then) where they
    differ.
    """

    changes: tuple[str, ...]
    today: Side
    then: Side
    moved: Counter[tuple[str, str]]
    recipes: tuple[Recipe, Recipe]


def change_policy(policy: Policy, overrides: Sequence[str]) -> Policy:
    """`policy` with `policy.KEY=VALUE` overrides. Raises ManifestError."""
    raw = policy.model_dump(mode="json")
    for text in overrides:
        key, equals, value = text.partition("=")
        parts = key.strip().removeprefix(_PREFIX).split(".")
        if not (equals and key.strip().startswith(_PREFIX)):
            raise ManifestError(
                f"--set {text}: only the policy can be replayed; write, say, policy.reflection_rounds=2"
            )
        inner = raw
        for part in parts[:-1]:
            if inner is raw and part == "generators":
                raw.setdefault(part, {})  # which is left out where it is empty
            inner = inner.get(part) if isinstance(inner, dict) else None  # type: ignore[assignment]
        if not isinstance(inner, dict):
            raise ManifestError(f"--set {text}: the policy has no {'.'.join(parts[:-1])}; look at manifests/README.md")
        try:
            inner[parts[-1]], surprises = parse(value)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise ManifestError(f"--set {text}: {one_line(error)}; correct the value") from None
        if unwanted := [s for s in surprises if s.word not in words_at((_PREFIX[:-1], *parts, *s.loc))]:
            raise ManifestError(f"--set {text}: {unwanted[0].problem}")
    try:
        other = Policy.model_validate(raw)
        return complete(other)
    except RecipeError as error:
        raise ManifestError(f"--set policy: {error}") from None
    except ValidationError as error:
        below = [detail | {"loc": ("policy", *detail["loc"])} for detail in error.errors(include_url=False)]
        problems = lines(below, {"policy": raw})
        raise ManifestError(*(f"--set {'.'.join(map(str, place))}: {problem}" for place, problem in problems)) from None


def whatif(out: Path, overrides: Sequence[str], database: str | None = None) -> WhatIf:
    """Replay every sample of the build in `out` under its own policy and under the changed one; nothing is written.

    Raises ManifestError for an override that cannot be, LookupError where there is no journal, RunStopped, OSError.
    """
    where = place(out, database)
    policy = change_policy(where.manifest.policy, overrides)
    if problem := unknown_generator(policy, where.manifest.models.generators):
        raise ManifestError(f"--set {problem}")
    recipes = where.manifest.recipe, read_recipe(policy)
    with open_outcomes(where) as outcomes:
        words = load_prompts(*recipes, kits=where.manifest.models.kits.values())
        comparison = _ReplayedBuild(where.manifest, outcomes, where.store, words)
        asyncio.run(comparison.replay_all(list(outcomes.all()), policy))
    old, new = ({"policy": p.model_dump(mode="json")} for p in (where.manifest.policy, policy))
    return WhatIf(tuple(differences(old, new)), comparison.today, comparison.then, comparison.moved, recipes)


@dataclass
class _ReplayedBuild:
    """Replays all samples, some hundred at a time, under two policies."""

    manifest: Manifest
    outcomes: Outcomes
    store: ImageStore
    words: Prompts
    today: Side = field(default_factory=Side)
    then: Side = field(default_factory=Side)
    moved: Counter[tuple[str, str]] = field(default_factory=Counter)

    async def replay_all(self, kept: Sequence[Trajectory], policy: Policy) -> None:
        """Replay the samples behind the outcomes `kept`."""
        roles = identities(self.manifest)
        with ThreadPoolExecutor(1) as thread:
            known = Lookup(answer_reader(self.outcomes, self.store), thread)
            for start in range(0, len(kept), AT_ONCE):
                group = kept[start : start + AT_ONCE]
                sides = [
                    await asyncio.gather(
                        *(replay(t, self.manifest, roles, self.words, self.store, p, known) for t in group)
                    )
                    for p in (self.manifest.policy, policy)
                ]
                prices = self._prices(call.key for side in sides for climbed in side for call in climbed.asked)
                for t, before, after in zip(group, *sides, strict=True):
                    self._count(t, before, after, prices)

    def _count(self, t: Trajectory, before: ReplayedClimb, after: ReplayedClimb, prices: Mapping[str, float]) -> None:
        """Count one sample on both sides. Its end today is that of `t`: calls that failed in transport are in no journal."""
        now = end_of(t)
        then = now if t.reason == "input" else UNKNOWN if after.trajectory is None else end_of(after.trajectory)
        self.today.ends[now] += 1
        self.then.ends[then] += 1
        if now != then:
            self.moved[now, then] += 1
        if then == UNKNOWN and after.missing is not None:
            self.then.unknown[f"{after.rung}: {after.missing.request.schema} by {after.missing.role}"] += 1
        if "rl" in (now, then) or t.reason == "input":
            return
        self.today.calls.update(map(_medium, before.asked))
        self.then.calls.update(map(_medium, after.asked))
        if then != UNKNOWN:
            self.today.pay(before, _accepted(t), prices)
            self.then.pay(after, after.trajectory is not None and _accepted(after.trajectory), prices)

    def _prices(self, keys: Iterable[str]) -> dict[str, float]:
        unique = list(dict.fromkeys(keys))
        prices: dict[str, float] = {}
        with self.outcomes.engine.connect() as connection:
            for start in range(0, len(unique), AT_ONCE):
                prices |= ledger.paid(connection, unique[start : start + AT_ONCE])
        return prices


def _accepted(t: Trajectory) -> bool:
    return t.status == "accepted" and t.mode is not None


def end_of(t: Trajectory) -> str:
    """What became of a sample, in a word or two."""
    if t.sample.split == "rl" and t.status != "failed":
        return "rl"
    return t.mode or t.status if t.status == "accepted" else f"{t.status}: {t.reason}"
