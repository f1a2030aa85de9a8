"""Instants are aware UTC datetimes; stores keep them as microseconds since the epoch."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

NEW_YORK = ZoneInfo("America/New_York")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(instant: datetime) -> int:
    """Count whole microseconds since 1970-01-01 UTC.

    Raises: ValueError for a naive datetime.
    """
    return (as_utc(instant) - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Rebuild the instant that `to_micros` counted."""
    return _EPOCH + timedelta(microseconds=micros)


def as_utc(instant: datetime) -> datetime:
    """Convert to UTC.

    Raises: ValueError for a naive datetime: a time without a zone is not an instant.
    """
    if instant.tzinfo is UTC:
        return instant
    if instant.tzinfo is None:
        raise ValueError(f"a naive datetime is not an instant: {instant!r}")
    return instant.astimezone(UTC)


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise ValueError("not a time zone; America/New_York is one") from error
    return name


ZoneName = Annotated[str, AfterValidator(_known_zone)]

# A pydantic datetime that must be aware and is kept in UTC.
Instant = Annotated[datetime, AfterValidator(as_utc)]


def parse_instant(text: str) -> datetime:
    """Read RFC 3339 with 0-9 fractional digits; digits past the microsecond are cut, not rounded.

    Raises: ValueError when it is not a time or carries no offset.
    """
    return as_utc(datetime.fromisoformat(text))


def iso(instant: datetime) -> str:
    """Write an instant as RFC 3339 in UTC with a Z, microseconds only where there are any."""
    return as_utc(instant).isoformat().replace("+00:00", "Z")
