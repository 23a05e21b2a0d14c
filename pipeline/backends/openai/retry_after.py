"""When a server wants us back. In: the headers of its answer and the details of its error. Out: seconds from now, or None."""

import math
import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

LONGEST_S = 3600.0  # a wait beyond an hour is a wrong clock or a closed account, not advice


def retry_after(headers: Mapping[str, str], details: Any = None, now: float | None = None) -> float | None:
    """Seconds to wait, from 0 to an hour; None where the server says nothing usable.

    `headers` as lower-case names (retry-after-ms, then retry-after in seconds or as an HTTP date); `details` as Google's errors
    hold them ("retryDelay": "20s"); `now` in seconds since 1970, by default the clock's.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _bounded(milliseconds / 1000)
    header = headers.get("retry-after")
    seconds = _number(header)
    if seconds is None and header:
        date = _date(header)
        seconds = None if date is None else date - (time.time() if now is None else now)
    if seconds is None:
        seconds = _delay(details)
    return None if seconds is None else _bounded(seconds)


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_S)


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _date(text: str) -> float | None:
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _delay(details: Any) -> float | None:
    for detail in details if isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str) and (match := re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)s", delay)):
            return float(match[1])
    return None
