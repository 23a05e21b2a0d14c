"""The wire to one provider: one official client per event loop, one way to send, one way for answers and errors to return.

In: a provider, a path of its API and a body. Out: the answer as a JSON object, or one of `stages.errors`. The client never
retries by itself: every request it makes is a call that the ledger knows of.
"""

import asyncio
import ipaddress
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import httpx2
from openai import APIError, APIStatusError, AsyncOpenAI, Omit
from pydantic import SecretStr

from pipeline.backends.openai.answers import charged, usage_of
from pipeline.backends.openai.bodies import TEXT_BYTES, at_most, bounded
from pipeline.backends.openai.failures import error_in_answer, failure
from pipeline.backends.openai.secrets import KeyMissing, key_of, quoted, scrubbed
from pipeline.backends.openai.spec import Provider, Started
from stages.errors import Broken, EngineDead, ModelError

CONNECT_S = 10.0
KEEPALIVE_S = (
    4.0  # below the 5 s after which many servers hang up: a request must not meet a connection that is closing
)
_NOT_OFFERED = (400, 403, 404, 405, 501)  # of the list of models; calls may be allowed all the same
# The client would take these from the environment, where they belong to OpenAI and not to the provider.
_WITHOUT_OPENAI: dict[str, Any] = {"OpenAI-Organization": Omit(), "OpenAI-Project": Omit()}

T = TypeVar("T")
File = tuple[str, tuple[str, bytes, str]]  # field, (file name, bytes, content type)
_Clients = dict[tuple[str, Provider], tuple[AsyncOpenAI, SecretStr]]
_CLIENTS: "WeakKeyDictionary[asyncio.AbstractEventLoop, _Clients]" = WeakKeyDictionary()


@dataclass(frozen=True)
class Wire:
    """The provider called `name`, as the current event loop reaches it."""

    name: str
    provider: Provider

    def scrubbed(self, text: str) -> str:
        """`text` without the keys in use."""
        return scrubbed(text, self._secrets())

    def quoted(self, text: str) -> str:
        """`text` as an error may hold it: one short line without the keys in use."""
        return quoted(text, self._secrets())

    async def post(
        self, path: str, body: Mapping[str, Any], files: Sequence[File] = (), most: int = TEXT_BYTES
    ) -> dict[str, Any]:
        """The answer to one request, of at most so many bytes; with files it goes as a form. Raises stages.errors.ModelError."""
        client = self._client()
        outcome: httpx2.Response | ModelError
        try:
            with at_most(most):
                async with asyncio.timeout(self.provider.timeout_s):  # the client's own bounds each read, not the whole
                    outcome = await client.post(
                        path,
                        cast_to=httpx2.Response,
                        body=dict(body),
                        files=list(files) or None,
                        options={"headers": {"Content-Type": "multipart/form-data"}} if files else {},
                    )
        except (APIError, TimeoutError) as error:
            outcome = failure(error, self, draws=path.startswith("/images"))
        if isinstance(outcome, ModelError):
            raise outcome  # outside of the except: a foreign error, which holds the key, must not travel with ours
        return self._read(outcome)

    async def talk(self, call: Callable[[AsyncOpenAI], Awaitable[T]]) -> T:
        """What `call` has of the provider by its official client, for parts of the API that are no calls of a model.

        Raises stages.errors.ModelError.
        """
        problem: ModelError
        try:
            return await call(self._client())
        except (APIError, TimeoutError) as error:
            problem = failure(error, self)
        raise problem  # outside of the except, as in `post`

    async def models(self) -> tuple[str, ...]:
        """The models that the server lists, within the time to connect; none where it keeps no list. Raises ModelError."""
        problem: ModelError | None = None
        content = b""
        try:
            async with asyncio.timeout(CONNECT_S):
                content = (await self._client().get("/models", cast_to=httpx2.Response)).content
        except (APIError, TimeoutError) as error:
            if not (isinstance(error, APIStatusError) and error.status_code in _NOT_OFFERED):
                problem = failure(error, self)
        if problem is not None:
            raise problem
        return tuple(map(self.quoted, _listed_names(content)))

    def broken(self, problem: str) -> Broken:
        """The error for an answer that came and cannot be read."""
        return Broken(self.quoted(f"{self.name}: {problem}"))

    def _read(self, response: httpx2.Response) -> dict[str, Any]:
        try:
            answer = json.loads(response.content)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            # keys are hidden in more than is shown, and the end is left out: half a key is no key to `quoted`
            start = self.quoted(response.content[:4096].decode("utf-8", "replace"))[:80]
            raise self.broken(f"the answer is no JSON object but {start!r}" if start.strip() else "the answer is empty")
        if answer.get("error"):
            with charged(usage_of(answer)):
                raise error_in_answer(answer["error"], self)
        return answer

    def _secrets(self) -> tuple[SecretStr, ...]:
        return tuple(key for _, key in _clients_of_this_loop().values())

    def _client(self) -> AsyncOpenAI:
        opened = _clients_of_this_loop().get((self.name, self.provider))
        return opened[0] if opened else self._open(self._key())

    def _key(self) -> SecretStr:
        try:
            return key_of(self.name, self.provider)
        except KeyMissing as error:
            raise EngineDead(str(error)) from None

    def _open(self, key: SecretStr) -> AsyncOpenAI:
        timeout = httpx2.Timeout(self.provider.timeout_s, connect=min(CONNECT_S, self.provider.timeout_s))
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=256, keepalive_expiry=KEEPALIVE_S)
        http = httpx2.AsyncClient(
            timeout=timeout,
            limits=limits,
            follow_redirects=True,
            trust_env=not (isinstance(self.provider, Started) or loopback(self.provider.url)),  # else by way of a proxy
            event_hooks={"response": [bounded]},
        )
        client = AsyncOpenAI(
            api_key=key.get_secret_value(),
            base_url=self.provider.url,
            max_retries=0,
            timeout=timeout,
            http_client=http,
            default_headers={"Authorization": f"Bearer {key.get_secret_value()}", **_WITHOUT_OPENAI},
        )
        _clients_of_this_loop()[self.name, self.provider] = (client, key)
        return client


def _listed_names(content: bytes) -> list[str]:
    """The names in a list of models; none where the list has another shape, which says nothing about calls."""
    try:
        listed = json.loads(content)
    except (ValueError, RecursionError):
        return []
    data = listed.get("data") if isinstance(listed, dict) else listed
    entries = [entry.get("id") for entry in data if isinstance(entry, dict)] if isinstance(data, list) else []
    return [name for name in entries if isinstance(name, str) and name]


def _clients_of_this_loop() -> _Clients:
    """The clients of the running event loop; connections cannot be shared between loops."""
    return _CLIENTS.setdefault(asyncio.get_running_loop(), {})


async def close_clients() -> None:
    """Closes the connections of the running event loop."""
    clients = _CLIENTS.pop(asyncio.get_running_loop(), {})
    for client, _ in clients.values():
        await client.close()


def loopback(address: str) -> bool:
    """True for an address on this machine, which no proxy of the environment can reach."""
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
