"""Reads a manifest from YAML, applies overrides and checks everything before anything runs.

`${NAME}` in a text stands for a variable of the environment (`pipeline.manifest.environment`).

In: a path and overrides `policy.reflection_rounds=2`, as `--set` takes them. Out: a `Manifest` whose source paths are absolute
(relative ones start at the manifest's folder) and whose sources can be read; or a ManifestError with a line for each problem.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pipeline.backends.registry import backend
from pipeline.manifest.batches import backend_of, batch_problems
from pipeline.manifest.environment import fill_in
from pipeline.manifest.generators import place_of
from pipeline.manifest.precomputed import precomputed_problems
from pipeline.manifest.presets import Presets
from pipeline.manifest.prices import unpriced, unused
from pipeline.manifest.problems import find_unfit_numbers, format_place, lines, words_at
from pipeline.manifest.spec import Manifest, ManifestError
from pipeline.manifest.yaml_text import Loc, Surprise, parse
from pipeline.sources.columns import check_table
from pipeline.sources.elsewhere import lies_elsewhere
from pipeline.sources.spec import TableSpec

SET = "--set"


def load(path: str | Path, overrides: Sequence[str] = ()) -> Manifest:
    """The manifest at `path` with `overrides` applied. Raises ManifestError, which lists all problems."""
    raw, surprises = _read(str(path))
    presets = Presets(Path(path).absolute().parent)
    presets.fill(raw, str(path))
    overridden = [_apply_override(raw, text, surprises) for text in overrides]
    presets.fill(raw, SET)  # those that an override brought
    unfilled = dict(fill_in(raw))

    def line(loc: Loc, text: str) -> str:
        return f"{_origin_of(str(path), loc, overridden)}: {format_place(loc, raw)}: {' '.join(text.split())}"

    problems = dict(find_unfit_numbers(raw)) | unfilled
    unwanted = {s.loc: s.problem for s in surprises if s.word not in words_at(s.loc)}
    try:
        # strict: "3" and true are not taken for numbers
        manifest = Manifest.model_validate_json(json.dumps(raw), strict=True)
    except ValidationError as error:
        problems = dict(lines(error.errors(include_url=False), raw)) | problems
    problems = {
        loc: text for loc, text in problems.items() if not any(s[: len(loc)] == loc for s in unwanted)
    } | unwanted
    if problems:
        raise ManifestError(*(line(*problem) for problem in problems.items()))
    manifest = _anchor_paths(manifest, Path(path).absolute().parent)
    further = (*_model_problems(manifest), *_source_problems(manifest), *_money_problems(manifest))
    if further:
        raise ManifestError(*(line(*problem) for problem in further))
    return manifest


def _model_problems(manifest: Manifest) -> Iterator[tuple[Loc, str]]:
    for role, spec in manifest.models:
        for field, text in backend(backend_of(manifest, spec)).problems(spec.model, spec.options):
            yield ("models", *place_of(role).split("."), *field.split(".")), text
    for place, text in (*batch_problems(manifest), *precomputed_problems(manifest)):
        yield tuple(place.split(".")), text


def _money_problems(manifest: Manifest) -> Iterator[tuple[Loc, str]]:
    for place, text in (*unused(manifest), *unpriced(manifest)):
        yield tuple(place.split(".", 1 if place.startswith("prices.") else -1)), text


def _source_problems(manifest: Manifest) -> Iterator[tuple[Loc, str]]:
    for index, spec in enumerate(manifest.sources):
        if isinstance(spec, TableSpec):
            for field, text in check_table(spec):
                yield ("sources", index, *field.split(".")), text
    for index, spec in enumerate(manifest.screens.decontaminate):
        if not manifest.screens.contamination.images:
            spec = spec.model_copy(update={"images": None})  # nobody will look for them
        for field, text in check_table(spec):
            yield ("screens", "decontaminate", index, *field.split(".")), text


def _read(path: str) -> tuple[dict[str, Any], list[Surprise]]:
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise ManifestError(f"{path}: no such file; name a manifest, such as manifests/demo.yaml") from error
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read ({error.strerror}); name a YAML file") from error
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ManifestError(f"{path}: line {line}: not UTF-8; save the file as UTF-8") from error
    raw, surprises = _parse_yaml(text, path)
    if not isinstance(raw, dict):
        raise ManifestError(f"{path}: holds no mapping; write keys such as name, sources and models")
    return raw, surprises


def _parse_yaml(text: str, place: str) -> tuple[Any, list[Surprise]]:
    try:
        return parse(text)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ManifestError(f"{place}: {line}{error.problem}; correct the YAML there") from error
    except yaml.YAMLError as error:
        raise ManifestError(f"{place}: {' '.join(str(error).split())}; correct the YAML") from error
    except RecursionError as error:
        raise ManifestError(f"{place}: lists or mappings lie too deep in each other; flatten them") from error
    except (ValueError, TypeError) as error:
        if "integer string conversion" in str(error):
            raise ManifestError(f"{place}: holds a number of thousands of digits; shorten it") from error
        raise ManifestError(f"{place}: not plain YAML ({error}); use mappings, lists, texts and numbers") from error


def _apply_override(raw: dict[str, Any], text: str, surprises: list[Surprise]) -> Loc:
    """Set one value in `raw`, and its surprises in the place of those that stood there; returns the place below which everything
    comes from the override. Raises ManifestError.
    """
    key, equals, value = text.partition("=")
    parts = key.strip().split(".")
    if not equals or not all(parts):
        raise ManifestError(f"{SET} {text}: not of the form KEY=VALUE; write, say, policy.reflection_rounds=2")
    place: Any = raw
    loc: list[str | int] = []
    first_new: int | None = None
    for part in parts[:-1]:
        loc.append(_resolve_part(place, part, key))
        if isinstance(place, dict) and place.get(part) is None:
            place[part] = {}
            first_new = first_new or len(loc)
        place = place[loc[-1]]
    loc.append(_resolve_part(place, parts[-1], key))
    place[loc[-1]], further = _parse_yaml(value, f"{SET} {key}")
    here = tuple(loc)
    surprises[:] = [s for s in surprises if s.loc[: len(here)] != here]
    surprises += [replace(s, loc=(*here, *s.loc)) for s in further]
    return tuple(loc[:first_new])


def _resolve_part(place: Any, part: str, key: str) -> str | int:
    if isinstance(place, dict):
        return part
    if not isinstance(place, list):
        raise ManifestError(f"{SET}: {key}: {part} lies below a plain value; shorten the key")
    if part.isascii() and part.isdigit() and int(part) < len(place):
        return int(part)
    names = [item.get("name") if isinstance(item, dict) else None for item in place]
    if part in names:
        return names.index(part)
    valid = ", ".join(str(n) for n in names if n is not None) or "none has a name"
    raise ManifestError(
        f"{SET}: {key}: no item {part} in a list of {len(place)}; use a number from 0 or a name ({valid})"
    )


def _origin_of(path: str, loc: Loc, overridden: Sequence[Loc]) -> str:
    if any(loc[: len(place)] == place for place in overridden):
        return SET
    return f"{path} with {SET}" if any(place[: len(loc)] == loc for place in overridden) else path


def _anchor_paths(manifest: Manifest, folder: Path) -> Manifest:
    def under(path: str) -> str:
        return os.path.normpath(folder / path)

    def anchored(spec: TableSpec) -> TableSpec:
        images = spec.images and spec.images.model_copy(update={"root": under(spec.images.root)})
        path = spec.path if lies_elsewhere(spec, folder) else under(spec.path)
        return spec.model_copy(update={"path": path, "images": images})

    sources = tuple(anchored(spec) if isinstance(spec, TableSpec) else spec for spec in manifest.sources)
    sets = tuple(anchored(spec) for spec in manifest.screens.decontaminate)
    screens = manifest.screens.model_copy(update={"decontaminate": sets})
    providers = {
        name: p.model_copy(
            update={
                "api_key_file": p.api_key_file and under(p.api_key_file),
                "server": p.server and p.server.below(folder),
            }
        )
        for name, p in manifest.providers.items()
    }
    run = manifest.run
    if run.store is not None and "://" not in run.store:
        run = run.model_copy(update={"store": under(run.store)})
    return manifest.model_copy(update={"sources": sources, "screens": screens, "run": run, "providers": providers})
