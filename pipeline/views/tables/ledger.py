"""What the calls took: time, tokens, images, money, by role and kind, and by who was asked.

In: `ledger.parquet` of an output, or none in an older one. Out: a `Ledger`. What a backend did not report is missing, never zero.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from stages.makers import role_of

NAME = "ledger.parquet"
_READ = ["role", "model", "kind", "started", "seconds", "input_tokens", "output_tokens", "images", "usd", "outcome"]
ROLES = ("baseline", "generator", "analyzer", "second_analyzer")
_REPORTED = ("input_tokens", "output_tokens", "usd")


@dataclass(frozen=True)
class Ledger:
    """`table`: one row per role and kind, (`all`, "") last; seconds, tokens and dollars are sums over all tries. `asked`: the same
    per role, model and provider; the provider is "" where the output does not name it.

    `wall_s`: from the first call to the end of the last, breaks between two starts of a build included. `errors`: how many
    tries ended in which error. In `table`, a sum is NaN where nobody reported it; `*_told` is the share of calls that did.
    """

    table: pd.DataFrame
    asked: pd.DataFrame
    wall_s: float
    errors: dict[str, int]

    @property
    def busy(self) -> float:
        """Calls under way at once, on average."""
        return float(self.table["seconds"].iloc[-1]) / self.wall_s if self.wall_s else 0.0


def ledger(out: Path) -> Ledger | None:
    """The ledger of an output; None where there is none, or no call in it. Raises OSError or ValueError for a damaged file."""
    path = out / NAME
    if not path.exists():
        return None
    with pq.ParquetFile(path) as file:
        named = [name for name in ("provider",) if name in file.schema_arrow.names]  # of a newer version
        calls = file.read(columns=[*_READ, *named]).to_pandas(strings_to_categorical=True)
    if calls.empty:
        return None
    if not named:
        calls["provider"] = ""
    table = pd.DataFrame([*_rows(calls, ["role", "kind"]), {"role": "all", "kind": "", **_sums(calls)}])
    asked = pd.DataFrame(_rows(calls, ["role", "model", "provider"]))
    wall = float((calls["started"] + calls["seconds"]).max() - calls["started"].min())
    wrong = calls.loc[calls["outcome"] != "ok", "outcome"].astype(str).value_counts()
    return Ledger(
        table.set_index(["role", "kind"]),
        asked.set_index(["role", "model", "provider"]),
        wall,
        {str(k): int(n) for k, n in wrong.items()},
    )


def _rows(calls: pd.DataFrame, names: list[str]) -> list[dict[str, object]]:
    """One row for each combination of `names` that occurs, by role in the order in which a sample meets them."""
    parts = sorted(
        calls.groupby(names, observed=True), key=lambda part: (place(str(part[0][0])), *map(str, part[0][1:]))
    )
    return [dict(zip(names, map(str, values), strict=True)) | _sums(part) for values, part in parts]


def place(who: str) -> tuple[int, str]:
    """In the order in which a sample meets them, generators side by side; a role nobody knows comes last."""
    role = role_of(who)
    return (ROLES.index(role) if role in ROLES else len(ROLES), who)


def _sums(calls: pd.DataFrame) -> dict[str, object]:
    reported = {name: calls[name].sum(min_count=1) for name in _REPORTED}
    return {
        "calls": len(calls),
        "wrong": int((calls["outcome"] != "ok").sum()),
        "images": int(calls["images"].sum()),
        "seconds": float(calls["seconds"].sum()),
        "median_s": float(calls["seconds"].median()),
        "p95_s": float(calls["seconds"].quantile(0.95)),
        **reported,
        **{f"{name}_told": float(calls[name].notna().mean()) for name in _REPORTED},
    }
