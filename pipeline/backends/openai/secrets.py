"""Keys: where they lie, and how they are kept out of everything that is written down.

In: a provider, whose key lies in an environment variable or a file. Out: the key as a `SecretStr`, which never shows itself,
and words without it.
"""

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from pydantic import SecretStr

from pipeline.backends.openai.spec import Provider
from pipeline.errors import BuildError

MASK = "•••"  # a character that no key can hold: masking one key never spells another
SHORTEST = (
    8  # shorter ones are placeholders for servers that ask for none (EMPTY, none); masking them would eat plain words
)
PLACEHOLDER = SecretStr("EMPTY")  # what the client sends where a provider needs no key


class KeyMissing(BuildError):
    """A provider's key is not where the manifest says it is; one line with the remedy."""


def key_of(name: str, provider: Provider) -> SecretStr:
    """The key of the provider called `name`, or the placeholder where it needs none. Raises KeyMissing."""
    if provider.api_key_env is not None:
        place = f"the environment variable {provider.api_key_env}"
        return _checked_key(os.environ.get(provider.api_key_env), name, place, "set it")
    if provider.api_key_file is not None:
        place = f"the file {provider.api_key_file}"
        return _checked_key(_content(name, provider.api_key_file, place), name, place, "write the key into it")
    return PLACEHOLDER


def _content(name: str, path: str, place: str) -> str:
    try:
        return Path(path).expanduser().read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise KeyMissing(f"providers.{name}: {place} is no text; let it hold the key and nothing else") from None
    except (OSError, RuntimeError) as error:  # RuntimeError: a "~" without a home
        why = getattr(error, "strerror", None) or str(error)
        remedy = "create it, or correct api_key_file"
        raise KeyMissing(f"providers.{name}: {place} cannot be read ({why}); {remedy}") from None


def _checked_key(text: str | None, name: str, place: str, remedy: str) -> SecretStr:
    if text is None or not text.strip():
        state = "is not set" if text is None else "is empty"
        raise KeyMissing(f"providers.{name}: its key is missing, {place} {state}; {remedy}")
    key = text.strip()
    if not re.fullmatch(r"[!-~]+", key):
        raise KeyMissing(f"providers.{name}: {place} holds more than one key, or no key; keep the bare key")
    return SecretStr(key)


def scrubbed(text: str, secrets: Iterable[SecretStr]) -> str:
    """`text` with every secret replaced by a mask, also where it stands escaped as in a URL or in JSON."""
    forms = {form for secret in secrets for form in _forms(secret.get_secret_value())}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, MASK)
    return text


def _forms(key: str) -> tuple[str, ...]:
    return (key, quote(key, safe=""), json.dumps(key)[1:-1]) if len(key) >= SHORTEST else ()


def quoted(text: str, secrets: Iterable[SecretStr], most: int = 300) -> str:
    """`text` fit for an error: one line of at most `most` printable characters, without secrets."""
    bare = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)  # before anything else: a colour code could sit inside a key
    line = " ".join("".join(c if c.isprintable() else " " if c.isspace() else "" for c in bare).split())
    line = scrubbed(line, secrets)
    return line if len(line) <= most else line[: most - 3] + "..."
