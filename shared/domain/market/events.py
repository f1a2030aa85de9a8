"""Economic calendar events, as a stored body gave them."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shared.domain.time import Instant


class Impact(StrEnum):
    """How much a release usually moves prices."""

    HIGH = "High"
    MEDIUM = "Medium"
    LOW = "Low"
    HOLIDAY = "Holiday"


class CalendarEvent(BaseModel):
    """One scheduled release or holiday.

    Shape: `currency` is a currency code or All; `actual`, `forecast`, `previous` are the source's
    own strings, None where it has none or it was not yet known at the snapshot's as-of.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: Instant
    currency: str
    impact: Impact
    title: str
    actual: str | None = None
    forecast: str | None = None
    previous: str | None = None
    source: str
