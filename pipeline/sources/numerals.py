"""Numbers as tables hold them: pandas makes floats of integers in a column with nulls, and NaN of the nulls.

In: a value of a cell. Out: whether it counts as absent, and the whole number that it stands for.
"""

from decimal import Decimal
from numbers import Integral, Real
from typing import Any

EXACT = 2**53
"""Up to here a float holds every whole number; beyond it two ids may have become one."""


def is_absent(value: Any) -> bool:
    """True for null and for a number that is none (NaN)."""
    if value is None:
        return True
    if isinstance(value, Decimal):
        return value.is_nan()
    return isinstance(value, Real) and bool(value != value)


def whole(value: Any) -> int | None:
    """The whole number that `value` stands for: 1 for 1, 1.0 and Decimal("1.00"); None for anything else, text and booleans too."""
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and abs(value) <= EXACT and value == value.to_integral_value() else None
    if isinstance(value, Real) and not isinstance(value, bool):
        number = float(value)
        return int(number) if number.is_integer() and abs(number) <= EXACT else None
    return None
