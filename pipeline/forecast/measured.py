"""Rates measured in an earlier build: its samples, each with all that its calls took, stand for those to come.

In: the trajectories of a record, the calls of its ledger, the manifest to be planned. Out: `MeasuredRates`. Whole samples are
drawn, so that what goes together stays together (a sample that needs many steps needs many of everything), by the Bayesian
bootstrap (D. B. Rubin, 1981): a small pilot gives wide intervals. A little of the declared rates is mixed in: what a pilot of 60
happened not to meet is not held impossible.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from sys import intern
from typing import Any

import numpy as np
import pandas as pd

from pipeline.forecast.declaration import RatesError
from pipeline.forecast.declared import background
from pipeline.forecast.rates import CALLS, QUANTITIES, USD, Atoms, Draw, Floats, charged, own_prices, place_of, prices
from pipeline.manifest.spec import Manifest
from stages.makers import maker_in
from stages.records import Evaluation, Event
from stages.rung import Call, Recipe
from stages.trajectory import Trajectory

MIXED_IN = 2.0
"""How many samples' worth of the declared rates."""
_KINDS = {"generation": "image", "decomposition": "plan"}  # of calls, where events have another name
_SUMS = ["input_tokens", "output_tokens", "images", "usd", "seconds"]


@dataclass(frozen=True)
class Climbs:
    """What a record says of the samples that climbed the whole ladder, and of all calls.

    `ends` as in `Atoms.ends`; `first_failed`: whether a call of the first rung failed for good; `samples`: how many were begun at
    all. A call names its sample by number, -1 for one that did not climb the whole ladder; `first` marks those of the first rung.
    """

    ends: list[int]
    first_failed: list[bool]
    samples: int
    calls: pd.DataFrame


@dataclass(frozen=True)
class MeasuredRates:
    """What `climbs` took by the `ledger` (columns as in ledger.parquet), at the prices of `manifest`.

    `where` that was. `beyond`: samples that were begun beyond the cut, which the ledger knows and the record does not. `notes` as
    in `pipeline.forecast.rates.Rates`. Its use raises RatesError where no sample climbed the whole ladder.
    """

    climbs: Climbs
    ledger: pd.DataFrame
    manifest: Manifest
    where: str = "a pilot"
    notes: tuple[str, ...] = ()
    beyond: int = 0

    @property
    def atoms(self) -> Atoms:
        """The measured samples, then the declared paths at the measured cost of a call."""
        return self._mixture[0]

    @property
    def source(self) -> str:
        """Where the rates come from, and of how many samples that climbed the whole ladder."""
        return f"measured in {self.where} ({len(self.climbs.ends):,} samples outside of RL)"

    def draw(self, rng: np.random.Generator) -> Draw:
        """Weights from a Dirichlet distribution: 1 for each sample, `MIXED_IN` for all declared paths together."""
        atoms, weights = self._mixture
        return Draw(rng.dirichlet(weights), np.ones(atoms.known.shape))

    @cached_property
    def _mixture(self) -> tuple[Atoms, Floats]:
        """The atoms, and how many samples each is worth."""
        climbs = self.climbs
        if not climbs.ends:
            raise RatesError(
                f"{self.where}: no sample climbed the ladder; measure a build that holds some outside of RL"
            )
        calls = _priced(_taken(climbs.calls, self.ledger), self.manifest)
        prior = background(self.manifest)
        keys = tuple(dict.fromkeys([*prior.atoms.calls, *zip(calls["role"], calls["kind"], strict=True)]))
        each = _per_call(calls, keys)
        calls = _filled(calls, each, keys)
        scale = self._unplaced(calls, keys, climbs.samples)
        whole = calls[calls["sample"] >= 0]
        measured = Atoms(
            self.manifest.recipe.modes,
            keys,
            _sums(whole, len(climbs.ends), keys) * scale,
            _sums(whole[whole["first"]], len(climbs.ends), keys) * scale,
            np.array(climbs.ends),
            np.array(climbs.first_failed),
            ~np.isnan(each),
        )
        weights = np.concatenate([np.ones(len(climbs.ends)), MIXED_IN * prior.mean()])
        return _joined(measured, prior.atoms, each * scale), weights

    def _unplaced(self, calls: pd.DataFrame, keys: tuple[Call, ...], samples: int) -> Floats:
        """[call, quantity]: all that the ledger holds over what the record can place (it holds no reply that was asked again)."""
        scale = np.ones((len(keys), len(QUANTITIES)))
        share = samples / (samples + self.beyond)
        known = self.ledger["call_key"].isin(calls["call_key"]).to_numpy()
        for n, (role, kind) in enumerate(keys):
            mine = ((self.ledger["role"] == role) & (self.ledger["kind"] == kind)).to_numpy(dtype=bool)
            there, placed = self.ledger[mine], known[mine]
            for q, name in enumerate(QUANTITIES):
                amount = np.ones(len(there)) if q == CALLS else np.nan_to_num(there[name].to_numpy(dtype=float))
                if (part := amount[placed].sum()) > 0:
                    scale[n, q] = max(1.0, amount.sum() / part * share)
            if there["usd"].isna().all():
                scale[n, USD] = scale[n, CALLS]
        return scale


def read_climbs(trajectories: Iterable[Trajectory], recipe: Recipe) -> Climbs:
    """What these trajectories tell, each read once. Raises ValueError for a mode of another ladder."""
    ends: list[int] = []
    first_failed: list[bool] = []
    calls: list[tuple[int, str, str, str, str, bool]] = []
    samples = 0
    first = recipe.rungs[0].name
    for t in trajectories:
        if t.reason == "input":
            continue
        samples += 1
        whole = t.sample.climb == "full"
        size = intern(f"{t.sample.width}x{t.sample.height}")
        number = len(ends) if whole else -1
        calls += [(number, size, role, kind, key, rung == first) for role, kind, key, rung in calls_of(t.events)]
        if whole:
            ends.append(place_of(t.mode if t.status == "accepted" else None, recipe.modes))
            first_failed.append(t.status == "failed" and t.rung in ("", first))
    columns = ["sample", "size", "role", "kind", "call_key", "first"]
    return Climbs(ends, first_failed, samples, pd.DataFrame(calls, columns=columns))


def calls_of(events: Iterable[Event]) -> Iterator[tuple[str, str, str, str]]:
    """(role, kind, call key, name of the rung) of every call behind the events."""
    for event in events:
        kind = _KINDS.get(event.kind, event.kind)
        made = {event.call_key: event.made_by}
        if isinstance(event.payload, Evaluation) and (dispute := event.payload.dispute) is not None:
            yield intern(maker_in(dispute.made_by)), "reflection", dispute.call_key, intern(event.rung)
        if isinstance(event.payload, Evaluation):
            made |= {judgement.call_key: judgement.made_by for judgement in event.payload.judgements}
        for key, made_by in made.items():
            if key is not None and made_by is not None:
                yield intern(maker_in(made_by)), kind, key, intern(event.rung)


def _taken(calls: pd.DataFrame, ledger: pd.DataFrame) -> pd.DataFrame:
    """The calls with what all tries of each took together; NaN where nobody knows, or the ledger lacks the call."""
    tries = ledger.groupby("call_key")
    sums = tries[_SUMS].sum(min_count=1)
    sums["calls"] = tries.size()
    return calls.merge(sums, how="left", left_on="call_key", right_index=True)


def _priced(calls: pd.DataFrame, manifest: Manifest) -> pd.DataFrame:
    """Money by the manifest's own prices, else what the ledger says, else by the price table."""
    calls = calls.copy()
    own, listed = own_prices(manifest), prices(manifest)
    for role, part in calls.groupby("role"):
        price = own.get(str(role)) or listed.get(str(role))
        if price is None:
            continue
        amounts = {q: part[name].to_numpy(dtype=float) for q, name in enumerate(QUANTITIES)}
        usd = charged(price, amounts, part["size"].to_numpy())
        there = part["usd"].to_numpy(dtype=float)
        calls.loc[part.index, "usd"] = usd if str(role) in own else np.where(np.isnan(there), usd, there)
    return calls


def _per_call(calls: pd.DataFrame, keys: tuple[Call, ...]) -> Floats:
    """[call, quantity] of one call on average; NaN where it is not known."""
    means = calls.groupby(["role", "kind"])[list(QUANTITIES)].mean()
    return means.reindex(pd.MultiIndex.from_tuples(keys)).to_numpy(dtype=float)


def _filled(calls: pd.DataFrame, each: Floats, keys: tuple[Call, ...]) -> pd.DataFrame:
    """Where a call lacks a figure it takes the mean of its kind; where that is not known, 0 (`Atoms.known` says so)."""
    place = _places(calls, keys)
    amounts = calls[list(QUANTITIES)].to_numpy(dtype=float)
    calls = calls.copy()
    calls[list(QUANTITIES)] = np.nan_to_num(np.where(np.isnan(amounts), each[place], amounts))
    return calls


def _places(calls: pd.DataFrame, keys: tuple[Call, ...]) -> Any:
    number = {key: n for n, key in enumerate(keys)}
    return np.array([number[key] for key in zip(calls["role"], calls["kind"], strict=True)], dtype=np.int64)


def _sums(calls: pd.DataFrame, samples: int, keys: tuple[Call, ...]) -> Floats:
    """[sample, call, quantity]."""
    sums = np.zeros((samples, len(keys), len(QUANTITIES)))
    place = calls["sample"].to_numpy(dtype=np.int64), _places(calls, keys)
    np.add.at(sums, place, calls[list(QUANTITIES)].to_numpy(dtype=float))
    return sums


def _joined(measured: Atoms, prior: Atoms, each: Floats) -> Atoms:
    """Both sets of atoms; the declared paths at `each`, the measured cost of a call, as far as that kind was met."""
    met = ~np.isnan(each[:, CALLS])

    def costed(amounts: Floats) -> Floats:
        full = np.zeros((len(amounts), *each.shape))
        full[:, : len(prior.calls)] = amounts
        full[:, met] = full[:, met][:, :, [CALLS]] * np.nan_to_num(each[met])
        return full

    known = measured.known.copy()
    unmet = ~met[: len(prior.calls)]
    known[: len(prior.calls)][unmet] = prior.known[unmet]
    return Atoms(
        measured.modes,
        measured.calls,
        np.concatenate([measured.whole, costed(prior.whole)]),
        np.concatenate([measured.first, costed(prior.first)]),
        np.concatenate([measured.ends, prior.ends]),
        np.concatenate([measured.first_failed, prior.first_failed]),
        known,
    )
