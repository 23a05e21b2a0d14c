"""The budget of a run: what was spent, what calls in flight may still cost, and whether one more may be sent. Pure.

In: the limit, what earlier starts of the run spent, reservations and what came of them. Out: yes or no. As long as no call
costs more than was reserved for it, spent + in flight never exceeds the limit.
"""

import math

_UNIT = 10**12
"""Amounts are counted in whole millionths of a micro-dollar: sums are exact in any order, and all returned is all there was."""


class Budget:
    """US dollars spent and reserved, against `limit`; None means no limit, and the tally goes on."""

    def __init__(self, limit: float | None, spent: float = 0.0) -> None:
        """Raises ValueError for an amount that is no amount: negative, infinite, or not a number."""
        self._limit = None if limit is None else math.floor(_amount(limit) * _UNIT)
        self._spent = _units(spent)
        self._in_flight = 0

    def reserve(self, usd: float) -> bool:
        """Set `usd` aside for a call; False, and nothing set aside, when that would bring the run above its limit."""
        units = _units(usd)
        if self._limit is not None and self._spent + self._in_flight + units > self._limit:
            return False
        self._in_flight += units
        return True

    def settle(self, reserved: float, actual: float | None) -> None:
        """A call ended that `reserved` was set aside for. Where its cost is not known, what was reserved counts as spent.

        Raises ValueError when more is settled than was reserved.
        """
        units = _units(reserved)
        if units > self._in_flight:
            raise ValueError(f"{reserved} US dollars are settled, but only {self.in_flight} are in flight")
        spent = units if actual is None else _units(actual)
        self._in_flight -= units
        self._spent += spent

    @property
    def spent(self) -> float:
        """By calls that ended."""
        return self._spent / _UNIT

    @property
    def in_flight(self) -> float:
        """Set aside for calls that have not ended."""
        return self._in_flight / _UNIT

    @property
    def left(self) -> float:
        """What may still be reserved; infinite without a limit, 0 where a call cost more than was reserved for it."""
        if self._limit is None:
            return math.inf
        return max(0, self._limit - self._spent - self._in_flight) / _UNIT


def _units(usd: float) -> int:
    return math.ceil(_amount(usd) * _UNIT)


def _amount(usd: float) -> float:
    if not 0 <= usd < math.inf:
        raise ValueError(f"{usd} is no amount of money")
    return usd
