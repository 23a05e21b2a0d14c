"""The data set card, `README.md`: what a person, the Hugging Face Hub and `load_dataset` need to know.

In: a `RunSummary`. Out: Markdown with a YAML head. The columns' types are in the files; the head names files and splits only.
"""

import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from pipeline.manifest.forms import PRODUCTS, Product
from pipeline.output.origins import Origins
from pipeline.output.places import RECORD_STEM, name_shard, stem_of
from pipeline.output.run_json import RunSummary, recipe_of
from pipeline.output.shards import ShardFile
from pipeline.output.voice_counts import by_kind
from pipeline.sources.spec import UNSTATED
from stages.mask import rows as mask_rows
from stages.policy import Facts

_TEMPLATE = "card.md.j2"
_BUCKETS = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_SPLITS = {RECORD_STEM: "train"}  # the record has no split of its own, and the Hub's default is this one


def card(summary: RunSummary, come_from: Origins, review: str | None = None) -> str:
    """The card of an output. `come_from`: where its rows come from; `review` is the section on what people found, in a release."""
    environment = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters["json"] = json.dumps
    environment.filters["cell"] = _cell
    template = environment.from_string((files("pipeline") / "templates" / _TEMPLATE).read_text("utf-8"))
    rows = _count(summary, lambda file: file.rows)
    return template.render(
        s=summary,
        review=review,
        configs=_configs(rows),
        rows=rows,
        groups=_count(summary, lambda file: len(file.row_groups)),
        size_category=_bucket(sum(rows.get("sft", {}).values())),
        origins=come_from,
        unstated=UNSTATED,
        mask=list(mask_rows(recipe_of(summary))),
        modes=recipe_of(summary).modes,
        image=summary.manifest["output"]["image"],
        policy=recipe_of(summary).policy,
        multistep=any(kind == "subtask" for _, kind, _, _ in mask_rows(recipe_of(summary))),
        facts=_facts(recipe_of(summary).policy.explanation),
        markers=summary.manifest["output"]["markers"],
        voice=by_kind(summary.voice),
    )


def _facts(facts: Facts) -> str:
    """Who heard them, in words."""
    hearers = [name for name, on in (("judges", facts.judges), ("image models", facts.image_models)) if on]
    words = f"{' and '.join(hearers) or 'nobody'} got them"
    shown = facts.judges and facts.row
    return f"{words}, and {'they stand below the instruction of a row with trained texts' if shown else 'no row shows them'}"


def _cell(value: Any) -> str:
    """A value inside a table, written so that it can end neither the cell nor the row."""
    return " ".join(str(value).replace("|", "\\|").split())


def _count(summary: RunSummary, of: Callable[[ShardFile], int]) -> dict[str, dict[str, int]]:
    """What the files hold, by product and split."""
    counts: dict[str, dict[str, int]] = {}
    for name, file in summary.files.items():
        product, _, stem = stem_of(name).partition("/")
        splits = counts.setdefault(product, {})
        splits[stem] = splits.get(stem, 0) + of(file)
    return counts


def _configs(rows: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    """The configurations of the Hub, the trainer's own first. One without rows is left out: the Hub cannot show it."""
    configs = []
    for product in PRODUCTS:
        data = [
            {"split": _SPLITS.get(stem, stem), "path": _pattern(product, stem)}
            for stem, n in rows.get(product, {}).items()
            if n
        ]
        if data:
            configs.append({"name": product, "files": data})
    return configs


def _pattern(product: Product, stem: str) -> str:
    """What the files of a split are called, whatever their number."""
    return name_shard(product, stem, 0, 0).removesuffix("00000-of-00000.parquet") + "*.parquet"


def _bucket(n: int) -> str:
    return next((name for most, name in _BUCKETS if n < most), "n>1M")
