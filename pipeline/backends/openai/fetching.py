"""Pictures that a server answers with by address. In: an address, and the provider that named it. Out: the bytes there.

Only what a manifest trusts is fetched: the provider's own host and port, the hosts where well-known providers keep their
pictures, and those that the provider's `image_hosts` declares. So an answer cannot make us call other machines, such as a
cloud's metadata or a neighbour on this one; a redirect is held to the same. No key is sent, and time and size are bounded.
"""

import asyncio
import ipaddress
import socket
from urllib.parse import urljoin

import httpx2

from pipeline.backends.openai.bodies import TooMuch, at_most, bounded
from pipeline.backends.openai.client import CONNECT_S, Wire, loopback
from stages.errors import Malformed, TimedOut

MOST_BYTES = 64 << 20
_REDIRECTS = 5
_PAUSES_S = (0.2, 0.5)  # before an image is asked for again: it is paid for, and fetching it is not
_KEPT_AT = {
    "api.openai.com": ("oaidalleapiprodscus.blob.core.windows.net",),
    "api.x.ai": ("imgen.x.ai",),
    "api.together.xyz": ("api.together.ai",),
}
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # a server may know itself by another of its names
_PORTS = {"http": 80, "https": 443}


def is_trusted(wire: Wire, address: str) -> bool:
    """Whether a picture may be fetched from an address, as it is written."""
    url = _parsed(wire, address)
    return url is not None and _trust(wire, url) is not None


async def fetch(wire: Wire, address: str) -> bytes:
    """The bytes at an address; relative ones are the provider's. Raises stages.errors.ModelError."""
    url = _url(wire, address)
    try:
        with at_most(MOST_BYTES):
            async with asyncio.timeout(wire.provider.timeout_s):
                return await _fetch_patiently(wire, url)
    except TooMuch:
        raise too_big() from None
    except (TimeoutError, httpx2.TimeoutException):
        raise TimedOut(f"{wire.name}: the image made did not come in time") from None
    except httpx2.HTTPStatusError as error:
        raise wire.broken(f"the image made cannot be fetched (status {error.response.status_code})") from None
    except httpx2.HTTPError as error:
        raise wire.broken(f"the image made cannot be fetched ({type(error).__name__})") from None


def too_big() -> Malformed:
    """The error for an image of more bytes than are read."""
    return Malformed("", f"the image has more than {MOST_BYTES >> 20} MiB")


async def _fetch_patiently(wire: Wire, url: httpx2.URL) -> bytes:
    until = asyncio.get_running_loop().time() + wire.provider.timeout_s / 2
    for pause_s in _PAUSES_S:
        try:
            return await _follow(wire, url)
        except (TooMuch, httpx2.TimeoutException):
            raise
        except httpx2.HTTPError:
            if asyncio.get_running_loop().time() + pause_s > until:
                raise
            await asyncio.sleep(pause_s)
    return await _follow(wire, url)


async def _follow(wire: Wire, url: httpx2.URL) -> bytes:
    timeout = httpx2.Timeout(wire.provider.timeout_s, connect=CONNECT_S)
    for _ in range(_REDIRECTS + 1):
        await _check(wire, url)
        env = not loopback(str(url))
        async with httpx2.AsyncClient(timeout=timeout, trust_env=env, event_hooks={"response": [bounded]}) as client:
            response = await client.get(url)
            if not response.has_redirect_location:
                return response.raise_for_status().content
            url = _url(wire, str(url.join(response.headers["location"])))
    raise Malformed("", "the image's address leads on and on")


async def _check(wire: Wire, url: httpx2.URL) -> None:
    """Raises Malformed where an address is not to be called."""
    pattern = _trust(wire, url)
    host = _host(url)
    if pattern is None:
        place = wire.quoted(host if url.port is None else f"{host}:{url.port}")
        remedy = f"name it in providers.{wire.name}.image_hosts if you trust it"
        raise Malformed("", f"the image lies at {place}, which is not the provider's own host; {remedy}")
    if pattern.startswith("*") and not await _is_public(host, url.port or _PORTS[url.scheme]):
        raise Malformed("", f"the image's host {wire.quoted(host)} is no public one; name it itself in image_hosts")


def _url(wire: Wire, address: str) -> httpx2.URL:
    url = _parsed(wire, address)
    if url is None:
        raise Malformed("", f"the image is at no http address but {wire.quoted(address[:200])[:60]!r}")
    return url


def _parsed(wire: Wire, address: str) -> httpx2.URL | None:
    """The address as it is called, a relative one below the provider's; None where it is no http address."""
    try:
        url = httpx2.URL(urljoin(wire.provider.url + "/", address.strip()))
        return url if url.scheme in _PORTS and url.raw_host else None
    except (httpx2.InvalidURL, ValueError):
        return None


def _host(url: httpx2.URL) -> str:
    return url.raw_host.decode("ascii").lower().rstrip(".")


def _trust(wire: Wire, url: httpx2.URL) -> str | None:
    """What makes an address a trusted one: an entry of `image_hosts`, or the host itself; None where nothing does."""
    own, host = httpx2.URL(wire.provider.url), _host(url)
    port = url.port or _PORTS[url.scheme]
    names = (_host(own), *(_THIS_MACHINE if _host(own) in _THIS_MACHINE else ()))
    if host in names and port == (own.port or _PORTS[own.scheme]):
        return host
    if host in _KEPT_AT.get(_host(own), ()) and url.scheme == "https":
        return host
    for entry in wire.provider.image_hosts:
        name, declared_port = split_host(entry)
        same = host.endswith(name[1:]) if name.startswith("*.") else host == name
        if same and declared_port in (None, port):
            return entry
    return None


def split_host(entry: str) -> tuple[str, int | None]:
    """An entry of `image_hosts` as (host in lower case, port); a port of None stands for all."""
    host, colon, port = entry.rpartition(":")
    if colon and port.isdecimal() and not host.endswith(":"):
        return host.strip("[]").lower(), int(port)
    return entry.strip("[]").lower(), None


async def _is_public(host: str, port: int) -> bool:
    """Whether all that a name stands for lies in the public network: a wildcard must not reach a machine within."""
    try:
        places = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return True  # nobody can be called there
    return all(ipaddress.ip_address(str(place[4][0]).partition("%")[0]).is_global for place in places)
