"""What the calls took: time, tokens, images, money, by role and kind.

In: `ledger.parquet` of an output, or none in an older one. Out: a `Ledger`. What a backend did not report is missing, never zero.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

NAME = "ledger.parquet"
_READ = ["role", "kind", "started", "seconds", "input_tokens", "output_tokens", "images", "usd", "outcome"]
_ROLES = ("baseline", "generator", "analyzer", "second_analyzer")
_REPORTED = ("input_tokens", "output_tokens", "usd")


@dataclass(frozen=True)
class Ledger:
    """`table`: one row per role and kind, (`all`, "") last; seconds, tokens and dollars are sums over all tries.

    `wall_s`: from the first call to the end of the last, breaks between two starts of a build included. `errors`: how many
    tries ended in which error. In `table`, a sum is NaN where nobody reported it; `*_told` is the share of calls that did.
    """

    table: pd.DataFrame
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
    calls = pq.read_table(path, columns=_READ).to_pandas(strings_to_categorical=True)
    if calls.empty:
        return None
    parts = [
        _row(str(role), str(kind), part)
        for role, roles in sorted(calls.groupby("role", observed=True), key=lambda g: _place(str(g[0])))
        for kind, part in roles.groupby("kind", observed=True)
    ]
    table = pd.DataFrame([*parts, _row("all", "", calls)])
    wall = float((calls["started"] + calls["seconds"]).max() - calls["started"].min())
    wrong = calls.loc[calls["outcome"] != "ok", "outcome"].astype(str).value_counts()
    return Ledger(table.set_index(["role", "kind"]), wall, {str(k): int(n) for k, n in wrong.items()})


def _place(role: str) -> tuple[int, str]:
    """In the order in which a sample meets them; a role nobody knows comes last."""
    return (_ROLES.index(role) if role in _ROLES else len(_ROLES), role)


def _row(role: str, kind: str, calls: pd.DataFrame) -> dict[str, object]:
    told = {name: calls[name].sum(min_count=1) for name in _REPORTED}
    return {
        "role": role,
        "kind": kind,
        "calls": len(calls),
        "wrong": int((calls["outcome"] != "ok").sum()),
        "images": int(calls["images"].sum()),
        "seconds": float(calls["seconds"].sum()),
        "median_s": float(calls["seconds"].median()),
        "p95_s": float(calls["seconds"].quantile(0.95)),
        **told,
        **{f"{name}_told": float(calls[name].notna().mean()) for name in _REPORTED},
    }
