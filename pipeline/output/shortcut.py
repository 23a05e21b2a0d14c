"""The shortcut guard: can a verdict be read off an image's metadata, without looking at what it shows?

In: per trajectory, how its rejected and its accepted images look from outside (width, height, format, bytes per pixel of
the trained view). Out: a finding per feature. Rejected images come from the baseline and accepted ones from a stronger
generator; if sizes or encoders differed, a trainee could learn who drew an image instead of what is wrong with it.

Two conditions must both hold for a feature to be a shortcut:

- Within trajectories: accepted and rejected images of one trajectory show the same subject, so comparing them controls for
  content. Per trajectory the sign of mean(accepted) - mean(rejected) counts; ties are left out; a two-sided exact sign
  test over the signs, times the number of features (Bonferroni), gives p < 0.001.
- Over the set: AUC = P(accepted > rejected) over all such images, ties counting half, lies outside 0.5 +- 0.1. A trainee sees
  one image, not a comparison. With thousands of trajectories the sign test alone would also find that an image lacking an
  object is a few bytes smaller, which is content and drowns in the differences between subjects.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from scipy.stats import binomtest, mannwhitneyu

P_LEAST = 0.001
AUC_MARGIN = 0.1


@dataclass(frozen=True, slots=True)
class Appearance:
    """An image from outside. Size in pixels."""

    width: int
    height: int
    format: str
    bytes_per_pixel: float


@dataclass(frozen=True, slots=True)
class Contest:
    """The images of one trajectory that the judge accepted and those it rejected, judged against the original instruction."""

    accepted: tuple[Appearance, ...]
    rejected: tuple[Appearance, ...]


@dataclass(frozen=True, slots=True)
class ShortcutFinding:
    """What a feature says. `p` is corrected; `contests` counts the trajectories in which the feature differs at all."""

    feature: str
    contests: int
    p: float
    auc: float

    @property
    def is_shortcut(self) -> bool:
        """True when the feature predicts the verdict, beyond chance and to an extent that matters."""
        return self.p < P_LEAST and abs(self.auc - 0.5) > AUC_MARGIN

    def __str__(self) -> str:
        return f"{self.feature}: AUC {self.auc:.3f}, p {self.p:.2g} over {self.contests} trajectories"


def findings(contests: Iterable[Contest]) -> list[ShortcutFinding]:
    """A finding per feature; none where no trajectory holds both an accepted and a rejected image."""
    usable = [c for c in contests if c.accepted and c.rejected]
    features = _features(usable)
    return [_finding(name, read, usable, len(features)) for name, read in features.items()] if usable else []


def contest(row: Mapping[str, Any]) -> Contest:
    """The contest within a `traj/2` row."""
    accepted = {s["image_index"] for s in row["scores"] if s["against"] == "original" and s["passed"]}
    rejected = {s["image_index"] for s in row["scores"] if s["against"] == "original" and not s["passed"]} - accepted
    return Contest(_appearances(row, accepted), _appearances(row, rejected))


def _appearances(row: Mapping[str, Any], indices: Iterable[int]) -> tuple[Appearance, ...]:
    appearances = []
    for n in sorted(indices):
        meta, size = row["image_meta"][n], len(row["images"][n]["bytes"])
        appearances.append(
            Appearance(meta["width"], meta["height"], meta["format"], size / (meta["width"] * meta["height"]))
        )
    return tuple(appearances)


def _features(contests: Sequence[Contest]) -> dict[str, Callable[[Appearance], float]]:
    formats = sorted({look.format for c in contests for look in (*c.accepted, *c.rejected)})
    plain: dict[str, Callable[[Appearance], float]] = {
        "width": lambda look: look.width,
        "height": lambda look: look.height,
        "bytes per pixel": lambda look: look.bytes_per_pixel,
    }
    return plain | {f"format {name}": _is_format(name) for name in formats}


def _is_format(name: str) -> Callable[[Appearance], float]:
    return lambda look: float(look.format == name)


def _finding(
    name: str, read: Callable[[Appearance], float], contests: Sequence[Contest], features: int
) -> ShortcutFinding:
    gaps = [fmean(map(read, c.accepted)) - fmean(map(read, c.rejected)) for c in contests]
    higher, differing = sum(g > 0 for g in gaps), sum(g != 0 for g in gaps)
    p = float(binomtest(higher, differing).pvalue) if differing else 1.0
    accepted = [read(look) for c in contests for look in c.accepted]
    rejected = [read(look) for c in contests for look in c.rejected]
    auc = float(mannwhitneyu(accepted, rejected).statistic) / (len(accepted) * len(rejected))
    return ShortcutFinding(name, differing, min(1.0, p * features), auc)
