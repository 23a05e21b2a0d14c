"""Presets: mappings of well-known sets, and of one's own, that a source takes over by name.

In: entries of `sources` and of `screens.decontaminate` as a person types them, with `preset: NAME` or `preset: FILE.yaml`. Out: the
same entries with the preset's keys filled in; keys beside `preset` have the last word, within mappings key by key, and a null takes
a key away. Those of the package lie in manifests/sources.
"""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from pipeline.manifest.spec import ManifestError
from pipeline.manifest.yaml_text import parse
from pipeline.sources.spec import TableSpec
from pipeline.typed import suggestion

_FOLDER = files("manifests").joinpath("sources")


def names() -> tuple[str, ...]:
    """The presets of the package."""
    return tuple(sorted(file.name.removesuffix(".yaml") for file in _FOLDER.iterdir() if file.name.endswith(".yaml")))


def table_spec(entry: Mapping[str, Any], folder: Path) -> TableSpec:
    """The source that `entry` stands for; presets of one's own start at `folder`. Raises ManifestError, and ValidationError."""
    return TableSpec.model_validate(fill_in(entry, folder))


def fill_in(entry: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The entry with its preset's keys. Raises ManifestError."""
    name = entry["preset"]
    if not isinstance(name, str) or not name:
        raise ManifestError(f"preset: {name!r} names none; say one of {', '.join(names())}, or name a YAML file")
    place, text = _find(name, folder)
    preset = _parse(text, place)
    return {"name": Path(name).stem} | _merge(preset, entry)


def _find(name: str, folder: Path) -> tuple[str, str]:
    """Where the preset lies, and its text."""
    if "/" not in name and not name.endswith((".yaml", ".yml")):
        if name not in names():
            remedy = suggestion(name, names(), "presets")
            raise ManifestError(
                f"preset {name} is none of the package's; {remedy}; one of your own is named by its file"
            )
        return f"preset {name}", _FOLDER.joinpath(f"{name}.yaml").read_text("utf-8")
    place = folder / name
    try:
        return str(place), place.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ManifestError(f"{place}: not UTF-8; save the file as UTF-8") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no path"
        raise ManifestError(f"{place}: the preset cannot be read ({reason}); name a YAML file") from error


def _parse(text: str, place: str) -> dict[str, Any]:
    try:
        preset, surprises = parse(text)
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        raise ManifestError(f"{place}: {' '.join(str(error).split())}; correct the YAML") from error
    if surprises:
        raise ManifestError(f"{place}: {'.'.join(map(str, surprises[0].loc))}: {surprises[0].problem}")
    if not isinstance(preset, dict):
        raise ManifestError(f"{place}: holds no mapping; write the keys of a source")
    for key in ("preset", "path"):
        if key in preset:
            raise ManifestError(f"{place}: {key}: belongs beside `preset` in the manifest; take it out here")
    known = [*TableSpec.model_fields]
    for key in preset:
        if key not in known:
            raise ManifestError(f"{place}: {key}: unknown key; {suggestion(str(key), known)}")
    return preset


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        inner = merged.get(key)
        if isinstance(inner, dict) and isinstance(value, dict):
            merged[key] = _merge(inner, value)
        elif value is None and key in below:
            del merged[key]
        else:
            merged[key] = value
    return merged


class Presets:
    """Fills in the presets of a manifest's raw data in place, before and after it is overridden."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._filled: list[tuple[dict[str, Any], Any]] = []  # entries that were filled in, and their presets

    def fill(self, raw: Any, origin: str) -> None:
        """Fill in every entry that was not. Raises ManifestError, whose lines begin with `origin` and the entry's place."""
        for place, entries, index in _entries(raw):
            entry = entries[index]
            filled_with = next((preset for filled, preset in self._filled if filled is entry), None)
            if filled_with is not None:
                if filled_with != entry["preset"]:
                    raise ManifestError(f"{origin}: {place}.preset: chosen in the manifest alone; change it there")
                continue
            try:
                entries[index] = filled = fill_in(entry, self._folder)
            except ManifestError as error:
                raise ManifestError(*(f"{origin}: {place}: {line}" for line in error.problems)) from error
            self._filled.append((filled, entry["preset"]))


def _entries(raw: Any) -> Iterator[tuple[str, list[Any], int]]:
    """The entries that name a preset: place, the list they stand in, and where in it."""
    screens = raw.get("screens")
    sets = screens.get("decontaminate") if isinstance(screens, dict) else None
    for key, entries in (("sources", raw.get("sources")), ("screens.decontaminate", sets)):
        if not isinstance(entries, list):
            continue
        for index, entry in enumerate(entries):
            if isinstance(entry, dict) and "preset" in entry:
                yield f"{key}.{entry.get('name', index)}", entries, index
