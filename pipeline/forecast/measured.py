"""Rates measured in an earlier build: its samples, each with all that its calls took, stand for those to come.

In: rows of a record, the calls of its ledger, the manifest to be planned. Out: `MeasuredRates`. Whole samples are drawn, so that
what goes together stays together (a sample that needs many steps needs many of everything), by the Bayesian bootstrap
(D. B. Rubin, 1981): a small pilot gives wide intervals. A little of the declared rates is mixed in: what a pilot of 60 happened
not to meet is not held impossible.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from pipeline.forecast.declaration import RatesError, declaration
from pipeline.forecast.declared import DeclaredRates
from pipeline.forecast.rates import (
    CALLS,
    ENDS,
    LOST,
    QUANTITIES,
    USD,
    Atoms,
    Call,
    Draw,
    Floats,
    charged,
    own_prices,
    prices,
)
from pipeline.manifest.spec import Manifest

MIXED_IN = 2.0
"""How many samples' worth of the declared rates."""
_KINDS = {"generation": "image", "decomposition": "plan"}
_SUMS = ["input_tokens", "output_tokens", "images", "usd", "seconds"]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class MeasuredRates:
    """What `rows` of a record took by the `ledger` (columns as in ledger.parquet), at the prices of `manifest`.

    `where` that was. `beyond`: samples that were begun beyond the cut, which the ledger knows and the record does not. `notes` as
    in `pipeline.forecast.rates.Rates`. Its use raises RatesError where no sample climbed the whole ladder.
    """

    rows: Iterable[Row]
    ledger: pd.DataFrame
    manifest: Manifest
    where: str = "a pilot"
    notes: tuple[str, ...] = ()
    beyond: int = 0

    @cached_property
    def atoms(self) -> Atoms:
        """The measured samples, then the declared paths at the measured cost of a call."""
        return self._found[0]

    @property
    def source(self) -> str:
        """Where the rates come from, and of how many samples that climbed the whole ladder."""
        return f"measured in {self.where} ({self._found[1]:,} samples outside of RL)"

    def draw(self, rng: np.random.Generator) -> Draw:
        """Weights from a Dirichlet distribution: 1 for each sample, `MIXED_IN` for all declared paths together."""
        return Draw(rng.dirichlet(self._found[2]), np.ones(self.atoms.known.shape))

    @cached_property
    def _found(self) -> tuple[Atoms, int, Floats]:
        seen = _seen(self.rows)
        if not seen.ends:
            raise RatesError(
                f"{self.where}: no sample climbed the ladder; measure a build that holds some outside of RL"
            )
        calls = _priced(_taken(seen.calls, self.ledger), self.manifest)
        prior = DeclaredRates(declaration(None), self.manifest)
        keys = tuple(dict.fromkeys([*prior.atoms.calls, *zip(calls["role"], calls["kind"], strict=True)]))
        each = _per_call(calls, keys)
        calls = _filled(calls, each, keys)
        scale = self._unplaced(calls, keys, seen.samples)
        climbs = calls[calls["sample"] >= 0]
        measured = Atoms(
            keys,
            _sums(climbs, len(seen.ends), keys) * scale,
            _sums(climbs[climbs["first"]], len(seen.ends), keys) * scale,
            np.array(seen.ends),
            np.array(seen.firsts_lost),
            ~np.isnan(each),
        )
        weights = np.concatenate([np.ones(len(seen.ends)), MIXED_IN * prior.mean()])
        return _joined(measured, prior.atoms, each * scale), len(seen.ends), weights

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


@dataclass(frozen=True)
class _Seen:
    """What a record tells: how the samples that climbed the whole ladder ended, and whether at their direct try; how many were
    begun at all; and the calls of all. A call names its sample by number, -1 for one that did not climb the whole ladder;
    `first` marks those of the direct try.
    """

    ends: list[int]
    firsts_lost: list[bool]
    samples: int
    calls: pd.DataFrame


def _seen(rows: Iterable[Row]) -> _Seen:
    ends: list[int] = []
    firsts_lost: list[bool] = []
    calls: list[tuple[int, str, str, str, str, bool]] = []
    samples = 0
    for row in rows:
        if row["status"] == "failed" and row["reason"] == "input":
            continue
        samples += 1
        whole = row["climb"] == "full"
        size = f"{row['width']}x{row['height']}"
        calls += [(len(ends) if whole else -1, size, *call) for call in calls_of(row["events"])]
        if whole:
            ends.append(LOST if row["status"] in ("discarded", "failed") else ENDS.index(row["mode"]))
            firsts_lost.append(not any(event["kind"] == "evaluation" for event in row["events"]))
    columns = ["sample", "size", "role", "kind", "call_key", "first"]
    return _Seen(ends, firsts_lost, samples, pd.DataFrame(calls, columns=columns))


def calls_of(events: Iterable[Row]) -> Iterator[tuple[str, str, str, bool]]:
    """(role, kind, call key, whether it belongs to the direct try) of every call behind the events."""
    first = True
    for event in events:
        kind = _KINDS.get(event["kind"], str(event["kind"]))
        made: dict[str | None, str] = {event["call_key"]: event["made_by"]}
        if kind == "evaluation":
            made |= {j["call_key"]: j["made_by"] for j in json.loads(event["payload"]).get("judgements", ())}
        for key, made_by in made.items():
            if key is not None:
                yield made_by.partition(":")[0], kind, key, first
        first = first and kind != "evaluation"


def _taken(calls: pd.DataFrame, ledger: pd.DataFrame) -> pd.DataFrame:
    """The calls with what all tries of each took together; NaN where nobody said, or the ledger lacks the call."""
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
        measured.calls,
        np.concatenate([measured.whole, costed(prior.whole)]),
        np.concatenate([measured.first, costed(prior.first)]),
        np.concatenate([measured.ends, prior.ends]),
        np.concatenate([measured.first_lost, prior.first_lost]),
        known,
    )
