"""Reads a manifest: YAML in, overrides applied, everything checked, a `Manifest` out or every problem in a line of its own.

`${NAME}` in a text stands for a variable of the environment (`pipeline.manifest.environment`).

In: a path and overrides `policy.reflection_rounds=2`, as `--set` takes them. Out: a `Manifest` whose source paths are absolute
(relative ones start at the manifest's folder) and whose sources are known to be readable. Nothing has run by then.
"""

import json
import os
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pipeline.backends.openai.options import option_problems
from pipeline.backends.world.models.skill import skill
from pipeline.manifest.environment import fill_in
from pipeline.manifest.prices import unpriced, unused
from pipeline.manifest.problems import Loc, dotted, lines, unfit
from pipeline.manifest.spec import Manifest, ManifestError
from pipeline.sources.columns import problems as column_problems
from pipeline.sources.spec import TableSpec

SET = "--set"


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice: PyYAML would keep the last one in silence."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """An alias stands for a value elsewhere; a few lines of them stand for gigabytes."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "an alias is not taken, write its value out", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<"]
        for index, (key, _) in enumerate(node.value):
            if isinstance(key, yaml.ScalarNode) and keys.count(key.value) > 1 and key.value in keys[:index]:
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} given twice", key.start_mark)
        return super().construct_mapping(node, deep)


def load(path: str | Path, overrides: Sequence[str] = ()) -> Manifest:
    """The manifest at `path` with `overrides` applied. Raises ManifestError, which lists all that is wrong."""
    raw = _read(str(path))
    overridden = [_override(raw, text) for text in overrides]
    unset = dict(fill_in(raw))

    def line(loc: Loc, text: str) -> str:
        return f"{_origin(str(path), loc, overridden)}: {dotted(loc, raw)}: {' '.join(text.split())}"

    wrong = dict(unfit(raw)) | unset
    try:
        # strict: "3" and true are no numbers
        manifest = Manifest.model_validate_json(json.dumps(raw), strict=True)
    except ValidationError as error:
        wrong = dict(lines(error.errors(include_url=False), raw)) | wrong
    if wrong:
        raise ManifestError(*(line(*found) for found in wrong.items()))
    manifest = _anchored(manifest, Path(path).absolute().parent)
    problems = (*_model_problems(manifest), *_source_problems(manifest), *_money_problems(manifest))
    found = [line(*problem) for problem in problems]
    if found:
        raise ManifestError(*found)
    return manifest


def _model_problems(manifest: Manifest) -> Iterator[tuple[Loc, str]]:
    for role, spec in manifest.models:
        if spec.backend == "openai":
            for option, text in option_problems(spec.options):
                yield ("models", role, "options", *option.split(".")), text
            continue
        try:
            skill(spec.model, {})
        except ValueError as error:
            yield ("models", role, "model"), str(error)
            continue
        for name, value in spec.options.items():
            try:
                skill(spec.model, {name: value})
            except ValueError as error:
                yield ("models", role, "options", name), str(error)


def _money_problems(manifest: Manifest) -> Iterator[tuple[Loc, str]]:
    for place, text in (*unused(manifest), *unpriced(manifest)):
        yield tuple(place.split(".", 1 if place.startswith("prices.") else -1)), text


def _source_problems(manifest: Manifest) -> Iterator[tuple[Loc, str]]:
    for index, spec in enumerate(manifest.sources):
        if isinstance(spec, TableSpec):
            for field, text in column_problems(spec):
                yield ("sources", index, *field.split(".")), text


def _read(path: str) -> dict[str, Any]:
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
    raw = _parsed(text, path)
    if not isinstance(raw, dict):
        raise ManifestError(f"{path}: holds no mapping; write keys such as name, sources and models")
    return raw


def _parsed(text: str, place: str) -> Any:
    try:
        value = yaml.load(text, _Loader)
        return json.loads(json.dumps(value, default=str))  # plain values, keys as text
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


def _override(raw: dict[str, Any], text: str) -> Loc:
    """Sets one value in `raw` and says what of it comes from there. Raises ManifestError."""
    key, equals, value = text.partition("=")
    parts = key.strip().split(".")
    if not equals or not all(parts):
        raise ManifestError(f"{SET} {text}: not of the form KEY=VALUE; write, say, policy.reflection_rounds=2")
    place: Any = raw
    loc: list[str | int] = []
    made: int | None = None
    for part in parts[:-1]:
        loc.append(_step(place, part, key))
        if isinstance(place, dict) and place.get(part) is None:
            place[part] = {}
            made = made or len(loc)
        place = place[loc[-1]]
    loc.append(_step(place, parts[-1], key))
    place[loc[-1]] = _parsed(value, f"{SET} {key}")
    return tuple(loc[:made])


def _step(place: Any, part: str, key: str) -> str | int:
    if isinstance(place, dict):
        return part
    if not isinstance(place, list):
        raise ManifestError(f"{SET}: {key}: {part} lies below a plain value; shorten the key")
    if part.isascii() and part.isdigit() and int(part) < len(place):
        return int(part)
    names = [item.get("name") if isinstance(item, dict) else None for item in place]
    if part in names:
        return names.index(part)
    known = ", ".join(str(n) for n in names if n is not None) or "none has a name"
    raise ManifestError(
        f"{SET}: {key}: no item {part} in a list of {len(place)}; use a number from 0 or a name ({known})"
    )


def _origin(path: str, loc: Loc, overridden: Sequence[Loc]) -> str:
    if any(loc[: len(place)] == place for place in overridden):
        return SET
    return f"{path} with {SET}" if any(place[: len(loc)] == loc for place in overridden) else path


def _anchored(manifest: Manifest, folder: Path) -> Manifest:
    def under(path: str) -> str:
        return os.path.normpath(folder / path)

    sources = []
    for spec in manifest.sources:
        if isinstance(spec, TableSpec):
            images = spec.images and spec.images.model_copy(update={"root": under(spec.images.root)})
            spec = spec.model_copy(update={"path": under(spec.path), "images": images})
        sources.append(spec)
    providers = {
        name: p.model_copy(update={"api_key_file": p.api_key_file and under(p.api_key_file)})
        for name, p in manifest.providers.items()
    }
    run = manifest.run
    if run.store is not None and "://" not in run.store:
        run = run.model_copy(update={"store": under(run.store)})
    return manifest.model_copy(update={"sources": tuple(sources), "run": run, "providers": providers})
