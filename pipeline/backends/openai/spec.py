"""A provider as a manifest describes it: where it is, where its key lies, and how much it takes.

In: the manifest's `providers` and the `failover` of a model. Out: immutable values. Nothing of them can change a row, so they
are in no fingerprint; a key is never a value of the manifest, only the name of where it lies.
"""

import re
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pipeline.backends.openai.server import ServerSpec
from pipeline.typed import shown

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"((\*\.{_LABEL}\.)?{_LABEL}(\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])(:[1-9][0-9]{{0,4}})?")


class Provider(BaseModel):
    """One endpoint and the limits of the key it is used with. A limit of null means none is known.

    It is at `base_url`, or the build starts it as `server`.
    `image_hosts`: where images that its answers name by address may be fetched from, beside its own host: "cdn.example.com",
    with ":PORT" only there, and "*.example.com" for every public host below.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str | None = None
    server: ServerSpec | None = None
    api_key_env: str | None = None
    api_key_file: str | None = None
    requests_per_minute: int | None = Field(None, ge=1)
    tokens_per_minute: int | None = Field(None, ge=1)
    concurrency: int | None = Field(None, ge=1)
    timeout_s: float = Field(300.0, gt=0, le=3600)
    image_hosts: tuple[str, ...] = ()

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            whole = (
                parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
            )
        except ValueError:
            whole = False
        if not whole:
            raise ValueError("is no address of a server; write, say, http://127.0.0.1:8000/v1")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("holds more than an address; give a key by api_key_env or api_key_file")
        return value.rstrip("/")

    @field_validator("image_hosts")
    @classmethod
    def _are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if not _HOST.fullmatch(entry):
                raise ValueError(
                    f"{shown(entry)} is no host; write, say, cdn.example.com, cdn.example.com:8443 or *.example.com"
                )
        return value

    @field_validator("api_key_env")
    @classmethod
    def _is_a_name(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(
            r"[A-Za-z_][A-Za-z0-9_]*", value
        ):  # perhaps the key itself: not repeated
            raise ValueError("is no name of an environment variable; put the key into one, and name that variable here")
        return value

    @model_validator(mode="after")
    def _is_at_one_place(self) -> Self:
        if self.base_url is None and self.server is None:
            raise ValueError("neither base_url nor server is given; say where it is, or how to start it")
        if self.base_url is not None and self.server is not None:
            raise ValueError("base_url and server are both given; a server that the build starts has no other address")
        return self

    @model_validator(mode="after")
    def _has_one_key(self) -> Self:
        if self.api_key_env and self.api_key_file:
            raise ValueError("api_key_env and api_key_file are both given; keep one")
        return self

    @property
    def url(self) -> str:
        """Where the API is, without a slash at its end. Raises ValueError while a server is still to be started."""
        if self.base_url is None:
            raise ValueError("the server of this provider has not been started")
        return self.base_url


class Started(Provider):
    """A provider whose server runs. `addresses`: the base URLs of its replicas, at least one; `base_url` is one of them."""

    addresses: tuple[str, ...] = Field(min_length=1)

    @classmethod
    def of(cls, provider: Provider, addresses: tuple[str, ...]) -> Self:
        """`provider` with its server running at these base URLs."""
        limits = {name: value for name, value in provider if name not in ("base_url", "server")}
        return cls(**limits, base_url=addresses[0], addresses=addresses)

    def at(self, address: str) -> "Started":
        """The same at one of its addresses alone."""
        return self.model_copy(update={"base_url": address, "addresses": (address,)})


class Fallback(BaseModel):
    """Who is asked when the providers before are out. `model` and `revision` are those of the role unless they are given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str
    model: str | None = None
    revision: str | None = None
