"""Reading from headers how long a rate limit lasts."""

from collections.abc import Callable, Mapping
from datetime import datetime

_Read = Callable[[Mapping[str, str], datetime], float | None]


def reset_at(header: str) -> _Read:
    """Read a header that names the second since 1970 at which the limit ends."""

    def seconds(headers: Mapping[str, str], now: datetime) -> float | None:
        epoch_s = _number(headers.get(header))
        return None if epoch_s is None else max(0.0, epoch_s - now.timestamp())

    return seconds


def reset_in(header: str) -> _Read:
    """Read a header that names the seconds until the limit ends."""

    def seconds(headers: Mapping[str, str], now: datetime) -> float | None:
        del now  # the header says a distance
        left_s = _number(headers.get(header))
        return None if left_s is None else max(0.0, left_s)

    return seconds


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(int(text))
    except (ValueError, OverflowError):
        return None
