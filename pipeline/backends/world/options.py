"""The options of a model of the world, as a manifest gives them. In: a preset's name and options. Out: problems, an identity."""

from collections.abc import Iterator, Mapping

from pipeline.backends.world.models.skill import skill


def problems(model: str, options: Mapping[str, float | str]) -> Iterator[tuple[str, str]]:
    """The problems as (field, "problem; remedy"), with field "model" or "options.NAME"; none when all can be used."""
    try:
        skill(model, {})
    except ValueError as error:
        yield "model", str(error)
        return
    for name, value in options.items():
        try:
            skill(model, {name: value})
        except ValueError as error:
            yield f"options.{name}", str(error)


def identity(model: str, revision: str, options: Mapping[str, float | str]) -> str:
    """Model, revision, and every option that changes the skill. Raises ValueError for an unknown model or option."""
    full_skill = skill(model, options)
    parts = [
        f"{k}={v if isinstance(v, str) else format(float(v), 'g')}"
        for k, v in sorted(options.items())
        if skill(model, _without(options, k)) != full_skill
    ]
    return f"world/{model}@{revision}" + (f"?{'&'.join(parts)}" if parts else "")


def _without(options: Mapping[str, float | str], name: str) -> dict[str, float | str]:
    return {k: v for k, v in options.items() if k != name}
