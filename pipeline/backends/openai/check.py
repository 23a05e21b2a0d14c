"""Whether a provider can be reached, and knows a model. In: a provider. Out: one line on what is wrong, before a build begins."""

import difflib
from collections.abc import Collection
from dataclasses import dataclass

from pipeline.backends.openai.client import Wire, close_clients
from pipeline.backends.openai.secrets import KeyMissing, key_of
from pipeline.backends.openai.spec import Provider, Started
from stages.errors import EngineDead, ModelError, RateLimited, Transient


@dataclass(frozen=True, slots=True)
class Seen:
    """What a provider answers when it is asked for its models: those that it lists, or the problem, in one line with the remedy."""

    problem: str | None = None
    models: tuple[str, ...] = ()


async def reachable(name: str, provider: Provider) -> str | None:
    """None when the server of the provider called `name` answers and takes the key, else the problem."""
    return (await look(name, provider)).problem


async def look(name: str, provider: Provider) -> Seen:
    """Asks the provider called `name` for its models. A server that lists none passes.

    To be run on an event loop of its own: its connections are closed afterwards.
    """
    try:
        key_of(name, provider)
        return Seen(models=await _models(name, provider))
    except KeyMissing as error:
        return Seen(str(error))
    except RateLimited:
        return Seen()  # it is there, and busy
    except EngineDead as error:
        return Seen(f"providers.{error}")
    except ModelError as error:
        own = isinstance(provider, Started)
        remedy = "see the log of its server" if own else f"start the server at {provider.url}, or correct base_url"
        return Seen(f"providers.{error}; {remedy}")
    finally:
        await close_clients()


async def _models(name: str, provider: Provider) -> tuple[str, ...]:
    """What the first replica that answers lists; the error of the last where none does."""
    *others, last = [provider.at(a) for a in provider.addresses] if isinstance(provider, Started) else [provider]
    for replica in others:
        try:
            return await Wire(name, replica).models()
        except Transient:
            continue
    return await Wire(name, last).models()


def unlisted(provider: str, model: str, listed: Collection[str]) -> str | None:
    """One line where a provider's list does not hold `model`: a warning and no error, for many list a part of what they serve.

    A vendor or folder before a name may be left out on either side (models/gemini-3-pro-image).
    """
    if not listed or any(f"/{model}".endswith(f"/{name}") or name.endswith(f"/{model}") for name in listed):
        return None
    close = difflib.get_close_matches(model, listed, n=3)
    near = f"did you mean {' or '.join(close)}?" if close else f"it lists {', '.join(sorted(listed)[:5])}"
    more = ", ..." if not close and len(listed) > 5 else ""
    return f"providers.{provider} does not list the model {model}; {near}{more}"
