"""The budget of a run: what was spent, what calls in flight may still cost, and whether one more call may be sent. Pure.

In: the limit, what earlier starts of the run spent, reservations, and the cost of the calls that ended. Out: yes or no. As
long as no call costs more than was reserved for it, spent + in flight never exceeds the limit.
"""

import math

_UNIT = 10**12
"""Amounts are counted in whole millionths of a micro-dollar: sums are exact in any order, so nothing stays reserved by rounding."""


class Budget:
    """US dollars spent and reserved, against `limit`. With None there is no limit, but amounts are counted all the same."""

    def __init__(self, limit: float | None, spent: float = 0.0) -> None:
        """Raises ValueError for an amount that is negative, infinite, or not a number."""
        self._limit = None if limit is None else math.floor(_check_amount(limit) * _UNIT)
        self._spent = _to_units(spent)
        self._in_flight = 0

    def reserve(self, usd: float) -> bool:
        """Reserve `usd` for a call; returns False, and reserves nothing, when that would bring the run above its limit."""
        units = _to_units(usd)
        if self._limit is not None and self._spent + self._in_flight + units > self._limit:
            return False
        self._in_flight += units
        return True

    def settle(self, reserved: float, actual: float | None) -> None:
        """Replace the reservation of a call that ended by its cost, `actual`. None: the cost is unknown, all of it was spent.

        Raises ValueError when more is settled than is reserved.
        """
        units = _to_units(reserved)
        if units > self._in_flight:
            raise ValueError(f"{reserved} US dollars are settled, but only {self.in_flight} are in flight")
        spent = units if actual is None else _to_units(actual)
        self._in_flight -= units
        self._spent += spent

    @property
    def spent(self) -> float:
        """US dollars spent by calls that ended."""
        return self._spent / _UNIT

    @property
    def in_flight(self) -> float:
        """US dollars reserved for calls that have not ended."""
        return self._in_flight / _UNIT

    @property
    def left(self) -> float:
        """US dollars that may still be reserved, at least 0; infinite without a limit."""
        if self._limit is None:
            return math.inf
        return max(0, self._limit - self._spent - self._in_flight) / _UNIT


def _to_units(usd: float) -> int:
    return math.ceil(_check_amount(usd) * _UNIT)


def _check_amount(usd: float) -> float:
    if not 0 <= usd < math.inf:
        raise ValueError(f"{usd} is no amount of money")
    return usd
