"""What retrieval finds: a passage of a document, with what it may be filtered by."""

from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from shared.domain.market.instrument import InstrumentClass
from shared.domain.time import Instant, from_micros, to_micros


class PassageKind(StrEnum):
    """Which collection a passage lies in."""

    NEWS = "news"
    EVENTS = "events"
    STATES = "states"  # what a market looked like on a day that has passed


# The fields of a payload that filters may name, and no others: every index keeps an index of each,
# and the engine writes all of them to disk with every change. Of numbers only bounds are asked.
KEYWORDS = ("instruments", "classes", "currencies")
NUMBERS = ("known_us", "happened_us")


class Passage(BaseModel):
    """A text that is found as a whole, and where it comes from.

    Shape: `id` is a UUID made from the content; `document` is the id of what it is a part of and
    `part` counts from 0; `known_at` is when we had it: no snapshot of before may use it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    kind: PassageKind
    document: str
    part: int = Field(default=0, ge=0)
    title: str
    text: str = Field(min_length=1)
    source: str
    url: str = ""
    instruments: tuple[str, ...] = ()
    classes: tuple[InstrumentClass, ...] = ()
    currencies: tuple[str, ...] = ()
    known_at: Instant
    happened_at: Instant

    @field_validator("id")
    @classmethod
    def _canonical(cls, value: str) -> str:
        if str(UUID(value)) != value:
            raise ValueError("expected the canonical form of a UUID")
        return value

    def payload(self) -> dict[str, Any]:
        """Write the passage as an index keeps it.

        Shape: all fields but `id`; `known_us` and `happened_us` in place of the times.
        """
        body = self.model_dump(mode="json", exclude={"id", "known_at", "happened_at"})
        times = {"known_us": to_micros(self.known_at), "happened_us": to_micros(self.happened_at)}
        return body | times

    @classmethod
    def read(cls, passage_id: str, payload: dict[str, Any]) -> Self:
        """Read a passage back from an index.

        Raises: ValueError when the payload is none of ours.
        """
        body = dict(payload)
        times = {
            "known_at": body.pop("known_us", None),
            "happened_at": body.pop("happened_us", None),
        }
        if not all(isinstance(value, int) for value in times.values()):
            raise ValueError("the payload of a passage has its times in microseconds")
        return cls.model_validate(
            {"id": passage_id} | body | {name: from_micros(us) for name, us in times.items()}
        )
