"""Settings of a training run, from a YAML file and from KEY=VALUE words.

In: a pydantic model, a file, words. Out: the settings; or TrainProblem, which names the field and what is wrong with it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from training.trainee.problem import TrainProblem

Settings = TypeVar("Settings", bound=BaseModel)


class _Yaml(yaml.SafeLoader):
    """YAML in which yes, no, on and off are words, as in `penalty: off`."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        sign: [(tag, form) for tag, form in forms if tag != "tag:yaml.org,2002:bool" or sign in "tTfF"]
        for sign, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read_settings(kind: type[Settings], file: Path | None, words: Sequence[str]) -> Settings:
    """The settings of a file, if any, changed by words such as `learning_rate=1e-5` or `rewards.eps=0.1`. Raises TrainProblem."""
    values = {} if file is None else _read_file(file)
    for word in words:
        _put(values, word)
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        if first["type"] == "extra_forbidden":
            raise TrainProblem(f"{field}: there is no such setting; there are {', '.join(kind.model_fields)}") from None
        raise TrainProblem(f"{field}: {first['msg']}, and it is {first['input']!r}") from None


def _read_file(file: Path) -> dict[str, Any]:
    try:
        values = yaml.load(file.read_text("utf-8"), _Yaml)
    except OSError as error:
        raise TrainProblem(f"{file}: {error.strerror}; give a YAML file of settings") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TrainProblem(f"{file}: no YAML: {' '.join(str(error).split())}") from None
    if values is not None and not isinstance(values, dict):
        raise TrainProblem(f"{file}: it holds a {type(values).__name__}; write lines such as learning_rate: 1e-5")
    return values or {}


def _put(values: dict[str, Any], word: str) -> None:
    key, equals, text = word.partition("=")
    if not equals or not key:
        raise TrainProblem(f"--set {word}: write KEY=VALUE, say learning_rate=1e-5")
    *rooms, last = key.split(".")
    for room in rooms:
        values = values.setdefault(room, {})
        if not isinstance(values, dict):
            raise TrainProblem(f"--set {word}: {room} holds a value, no settings")
    try:
        values[last] = yaml.load(text, _Yaml)
    except yaml.YAMLError:
        raise TrainProblem(f"--set {word}: {text} is no YAML value; quote it") from None
