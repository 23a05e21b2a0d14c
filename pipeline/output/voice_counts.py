"""How far the words of a build keep the training voice: what was asked again for it, and what breaks it still.

In: planned trajectories, and the recipe they climbed by. Out: counts by the kind of text and by the rule, for `run.json`; and
the tables made of these, with shares. An event counts once, whatever it breaks, and a verdict once, however often it was
judged.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.output.parts import Planned
from pipeline.output.share import Share
from stages.rung import Recipe
from stages.voice_rules import RULES

VoiceTable = Mapping[str, Mapping[str, Mapping[str, int]]]
"""By "kinds" or "rules", then by their names: `texts` (of kinds alone), `asked_again`, `breaking`."""


@dataclass(frozen=True)
class VoiceRow:
    """A kind of text, or a rule: `texts` in question, those that were `asked_again` for it, those `breaking` it at the end."""

    name: str
    texts: int
    asked_again: Share
    breaking: Share


def voice_counts(planned: Planned, recipe: Recipe) -> dict[str, dict[str, dict[str, int]]]:
    """The counts as `run.json` has them; every kind that is listened to and every rule stands there, with zeros too."""
    texts: Counter[str] = Counter()
    asked_again: Counter[str] = Counter()
    breaking: Counter[str] = Counter()
    heard = () if recipe.speech.voice == "off" else sorted(recipe.speech.kinds)
    climbs = (t for t, _ in planned if recipe.speech.about(t.sample).voice != "off")
    for event in (event for t in climbs for event in t.events if event.kind in heard):
        texts[event.kind] += event.payload is not None
        asked_again.update((*([event.kind] if event.voice_before else []), *event.voice_before))
        breaking.update((*([event.kind] if event.voice else []), *event.voice))
    return {
        "kinds": {
            kind: {"texts": texts[kind], "asked_again": asked_again[kind], "breaking": breaking[kind]} for kind in heard
        },
        "rules": {rule: {"asked_again": asked_again[rule], "breaking": breaking[rule]} for rule in RULES if heard},
    }


def by_kind(counts: VoiceTable) -> list[VoiceRow]:
    """One row for each kind of text that there was, then `all`."""
    kinds = {kind: n for kind, n in counts.get("kinds", {}).items() if n["texts"]}
    rows = [_row(kind, n["texts"], n) for kind, n in kinds.items()]
    return [*rows, _row("all", *_sums(kinds.values()))] if rows else []


def by_rule(counts: VoiceTable) -> list[VoiceRow]:
    """One row for each rule that was broken, of all texts."""
    texts = sum(n["texts"] for n in counts.get("kinds", {}).values())
    return [_row(rule, texts, n) for rule, n in counts.get("rules", {}).items() if n["asked_again"] or n["breaking"]]


def _sums(counts: Iterable[Mapping[str, int]]) -> tuple[int, dict[str, int]]:
    total: Counter[str] = Counter()
    for n in counts:
        total.update(n)
    return total["texts"], {name: total[name] for name in ("asked_again", "breaking")}


def _row(name: str, texts: int, n: Mapping[str, int]) -> VoiceRow:
    return VoiceRow(name, texts, Share(n["asked_again"], texts), Share(n["breaking"], texts))
