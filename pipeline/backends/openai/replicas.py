"""Which replica of a started server is called: the one with the fewest calls open, as this process counts them.

In: a provider. Out: the provider as one call sees it, with one address. A replica that failed is passed over for a while if there
are others: one that is gone turns calls down at once, has no call open, and would draw all of them.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.backends.openai.spec import Provider, Started
from stages.errors import RateLimited, Transient

PASSED_OVER_S = 5.0
_OPEN: Counter[str] = Counter()
_FAILED_AT: dict[str, float] = {}


@contextmanager
def one_of(provider: Provider) -> Iterator[Provider]:
    """The provider at one address, while a call lasts that is made there."""
    if not isinstance(provider, Started):
        yield provider
        return
    address = _choose(provider.addresses)
    _OPEN[address] += 1
    try:
        yield provider.at(address)
        _FAILED_AT.pop(address, None)
    except RateLimited:
        raise  # it is there, and busy
    except Transient:
        _FAILED_AT[address] = time.monotonic()
        raise
    finally:
        _OPEN[address] -= 1


def _choose(addresses: tuple[str, ...]) -> str:
    now = time.monotonic()
    fit = [address for address in addresses if now - _FAILED_AT.get(address, -PASSED_OVER_S) >= PASSED_OVER_S]
    return min(fit or addresses, key=lambda address: _OPEN[address])
