"""The table of rungs: the ladder written down once. Whatever else the project says of a rung derives from its row here.

In: a policy, which names the rungs of its ladder. Out: the `Recipe`, or one line that says why it cannot be climbed. A name is
one of the table, or an import path `module:NAME` to a row of one's own.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from inspect import iscoroutinefunction
from types import MappingProxyType

from pydantic import BaseModel, ValidationError

from stages.best_of import BEST_OF
from stages.direct import DIRECT
from stages.makers import DEFAULT, role_of
from stages.mask import unruled
from stages.multistep import MULTISTEP
from stages.policy import Policy
from stages.reflect import REFLECT
from stages.rung import ModeStyle, Recipe, Rung

RUNGS: Mapping[str, Rung] = MappingProxyType({rung.name: rung for rung in (DIRECT, BEST_OF, REFLECT, MULTISTEP)})
RESERVED = frozenset({"rl", "discarded", "failed", "kept", "surplus", "all", "none", "unknown"})
"""Words that stand beside modes in tables, so no mode may be called so."""

LONGEST_WORDS = 60
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MODULE = re.compile(r"[A-Za-z_]")
_COLOUR = re.compile(r"#[0-9a-f]{6}")


ROW_ERRORS = (
    *(ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, NameError),
    *(OSError, RuntimeError, TypeError, ValueError),
)
"""What a row that a person wrote may raise by mistake."""


class RecipeError(ValueError):
    """A ladder that cannot be climbed; the message is one line with a remedy."""


def read_recipe(policy: Policy) -> Recipe:
    """The ladder of a policy. Raises RecipeError."""
    return _read(policy.model_dump_json())


@lru_cache
def _read(policy_json: str) -> Recipe:
    """By the policy's JSON: it is asked for with every row, and a policy cannot be hashed."""
    policy = Policy.model_validate_json(policy_json)
    recipe = Recipe(policy, tuple(_rung(name) for name in policy.ladder))
    misfit = next((problem for rung in recipe.rungs for problem in _misfits(rung)), None)
    if misfit is not None:
        raise RecipeError(f"{misfit}; correct the row of that rung")
    _check_order(recipe)
    _check_options(recipe)
    _check_generators(recipe)
    try:
        problems = unruled(recipe)
    except ROW_ERRORS as error:
        raise RecipeError(
            f"a sentence of this ladder cannot be read ({_words(error)}); correct the row of its rung"
        ) from error
    if problems:
        raise RecipeError(f"{problems[0]}; correct the row of that rung")
    return recipe


def complete(policy: Policy) -> Policy:
    """`policy` with the options of its rungs filled in, so that a default is one of them. Raises RecipeError."""
    rungs = [rung for rung in read_recipe(policy).rungs if rung.options is not None]
    options = {
        r.name: r.options.model_validate(policy.options.get(r.name, {})).model_dump(mode="json")
        for r in rungs
        if r.options
    }
    return policy.model_copy(update={"options": options})


@lru_cache
def _rung(name: str) -> Rung:
    if name in RUNGS:
        return RUNGS[name]
    module, colon, attribute = name.partition(":")
    # a plain word is most likely a misspelt rung of ours, so the message lists them
    if not (colon and attribute.isidentifier() and _MODULE.match(module)):
        raise RecipeError(
            f"{name!r} is no rung; say one of {', '.join(RUNGS)}, or an import path such as my_rungs:MY_RUNG"
        )
    try:
        row = getattr(import_module(module), attribute, None)
    # the module is there on the author's machine: what differs elsewhere is the path
    except ImportError as error:
        # the module is there on the author's machine: what differs elsewhere is the path
        hint = (
            "write the module without .py" if module.endswith(".py") else "put its folder on PYTHONPATH, or install it"
        )
        raise RecipeError(f"{name}: {module} cannot be imported ({_words(error)}); {hint}") from error
    except (*ROW_ERRORS, SyntaxError, SystemExit) as error:
        raise RecipeError(f"{name}: {module} cannot be imported ({_words(error)}); correct it") from error
    if not isinstance(row, Rung):
        raise RecipeError(f"{name}: {module} holds no rung {attribute}; name a stages.rung.Rung there")
    return row


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _check_order(recipe: Recipe) -> None:
    """Every rung can be reached, and no two are alike."""
    if not recipe.rungs:
        raise RecipeError("the ladder is empty; name at least one rung")
    seen: dict[str, Rung] = {}
    for n, rung in enumerate(recipe.rungs):
        if any(rung.name == other.name for other in recipe.rungs[:n]):
            raise RecipeError(f"{rung.name} is named twice; leave one of them out")
        # quotas, shards and reports tell samples apart by mode alone
        if rung.mode in seen:
            raise RecipeError(
                f"{seen[rung.mode].name} and {rung.name} both accept into mode {rung.mode}; leave one of them out"
            )
        seen[rung.mode] = rung
        if n == 0 and rung.needs_image:
            starts = ", ".join(r.name for r in RUNGS.values() if not r.needs_image)
            raise RecipeError(
                f"{rung.name} starts from a rejected image and comes first; put a rung before it ({starts})"
            )
        if n and not recipe.rungs[n - 1].hands_on:
            before = recipe.rungs[n - 1].name
            raise RecipeError(f"no sample reaches {rung.name}: {before} accepts or discards them all; put it last")


def _check_options(recipe: Recipe) -> None:
    """Options are of rungs on the ladder, and as these want them."""
    rungs = {rung.name: rung for rung in recipe.rungs if rung.options is not None}
    # an option that nobody reads would change the fingerprint and nothing else
    for name, options in recipe.policy.options.items():
        if name not in rungs:
            known = ", ".join(rungs) or "no rung of this ladder takes any"
            raise RecipeError(f"options.{name} are nobody's; take them out; rungs that take options: {known}")
        try:
            rungs[name].options.model_validate(options)  # type: ignore[union-attr]
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in ("options", name, *first["loc"]))
            raise RecipeError(f"{place}: {first['msg']}; correct it") from error


def _check_generators(recipe: Recipe) -> None:
    """Generators are named for rungs on the ladder that draw with one, and for no more rounds than there are."""
    policy = recipe.policy
    for name, rounds in policy.generators.items():
        place = f"generators.{name}"
        rung = next((rung for rung in recipe.rungs if rung.name == name), None)
        if rung is None:
            known = (
                ", ".join(rung.name for rung in recipe.rungs if _draws(rung, policy)) or "none draws with a generator"
            )
            raise RecipeError(f"{place}: no rung of this ladder is called so; take it out; those that draw: {known}")
        if not _draws(rung, policy):
            why = (
                "has no rounds under this policy" if rung.rounds is not Rung.rounds else "draws with the baseline alone"
            )
            raise RecipeError(f"{place}: {name} {why}; take it out")
        if len(rounds) > (most := max(1, rung.rounds(policy))):
            raise RecipeError(
                f"{place} names {len(rounds)} generators and {name} draws in {most} rounds; name at most {most}"
            )


def _draws(rung: Rung, policy: Policy) -> bool:
    """Whether the rung draws with a generator under this policy, as its ways have it."""
    try:
        calls = {call for way in rung.ways(policy) for call in way.calls}
    except ROW_ERRORS as error:
        raise RecipeError(f"rung {rung.name}: its `ways` cannot be read ({_words(error)}); correct the row") from error
    return any(kind == "image" and role_of(who) == DEFAULT for who, kind in calls)


def _misfits(rung: Rung) -> list[str]:
    """What is wrong with a row that a person wrote, as far as it can be seen without a policy."""
    own = f"rung {rung.name}"
    problems = []
    for what, word in (("name", rung.name), ("mode", rung.mode)):
        if not isinstance(word, str) or not _NAME.fullmatch(word) or word in RESERVED:
            rule = f"write small letters, digits and _, and none of {', '.join(sorted(RESERVED))}"
            problems.append(f"{own}: {word!r} cannot be its {what}; {rule}")
    functions = ("passes", "fails", "sentence", "ways", "chances", "discards", "enters", "keeps", "rounds", "round_of")
    if wrong := next((field for field in functions if not callable(getattr(rung, field))), None):
        problems.append(f"{own}: `{wrong}` must be a function, as stages.rung.Rung says")
    if not iscoroutinefunction(rung.climb):
        problems.append(f"{own}: `climb` must be an async function")
    if rung.options is not None and not (isinstance(rung.options, type) and issubclass(rung.options, BaseModel)):
        problems.append(f"{own}: `options` must be a pydantic model")
    if rung.prompts is not None and not isinstance(rung.prompts, str):
        problems.append(f"{own}: `prompts` must be __file__")
    if not isinstance(rung.look, ModeStyle):
        return [*problems, f"{own}: `look` must be a ModeStyle"]
    for what, words in (("title", rung.look.title), ("outcome", rung.look.outcome), ("place", rung.place)):
        if not (isinstance(words, str) and words.strip() and words.isprintable() and len(words) <= LONGEST_WORDS):
            problems.append(f"{own}: its {what} must be a few printable words, at most {LONGEST_WORDS} characters")
    for colour in (rung.look.light, rung.look.dark):
        if not (isinstance(colour, str) and _COLOUR.fullmatch(colour)):
            problems.append(f"{own}: {colour!r} is no colour such as #2b7771")
    return problems
