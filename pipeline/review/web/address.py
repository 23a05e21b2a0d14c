"""Where a review is served, and under which addresses people may reach it.

In: host, port, the public address if there is one. Out: the origins that the guard lets in, the address for links, and whether the
cookie travels over TLS alone. A host that others can reach is refused without a public address.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from pipeline.review.errors import ReviewError

_TLS = (
    "keep --host 127.0.0.1, let a TLS proxy on this machine (Caddy: `reverse_proxy 127.0.0.1:PORT`; nginx: `proxy_pass "
    "http://127.0.0.1:PORT; proxy_set_header Host $host;`) forward to it, and name the address that people type: "
    "--origin https://review.example.org"
)


@dataclass(frozen=True, slots=True)
class ReviewAddress:
    """`origins` are let in; `link` is the one that invitations name; with `secure` the cookie needs TLS."""

    origins: frozenset[str]
    link: str
    secure: bool


def check_host(host: str, origin: str | None, plain_http: bool) -> None:
    """Raises ReviewError where others could reach the app, or read along, without the lead having said so."""
    if origin is not None:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or origin != f"{parts.scheme}://{parts.netloc}":
            raise ReviewError(f"--origin {origin}: write scheme and host alone, such as https://review.example.org")
        if parts.scheme == "http" and not is_loopback(parts.hostname or "") and not plain_http:
            raise ReviewError(
                f"--origin {origin}: over http anybody on the way reads the sessions; use https, or say --plain-http"
            )
    elif not is_loopback(host):
        raise ReviewError(f"--host {host} can be reached by others, without encryption; instead {_TLS}")
    if not is_loopback(host) and not plain_http:
        raise ReviewError(
            f"--host {host}: what comes to this machine is not encrypted, also behind a proxy elsewhere; {_TLS}; "
            "or say --plain-http"
        )


def address(host: str, port: int, origin: str | None) -> ReviewAddress:
    """The address of a server that listens at `host` and `port`."""
    if origin is not None:
        return ReviewAddress(frozenset({origin.lower()}), origin.lower(), origin.startswith("https"))
    names = dict.fromkeys((f"[{host}]" if ":" in host else host, "127.0.0.1", "localhost"))
    origins = [f"http://{name}:{port}" for name in names]
    return ReviewAddress(frozenset(origins), origins[0], False)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
