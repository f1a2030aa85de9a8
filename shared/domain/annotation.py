"""What a trader says of a trade: note, tags, plan, rating, and whether it counts."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.domain.money import ExactDecimal
from shared.domain.time import Instant


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Subject(StrEnum):
    """What is spoken of; both are named by a row of the log."""

    EXECUTION = "execution"
    ROUND_TRIP = "round_trip"  # by the row that opened it when it was spoken of


def _tag(text: str) -> str:
    cleaned = " ".join(text.lower().split())
    if not 1 <= len(cleaned) <= 40:
        raise ValueError("a tag has 1 to 40 characters")
    return cleaned


def _each_once(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(tags)))


Tag = Annotated[str, AfterValidator(_tag)]
Tags = Annotated[tuple[Tag, ...], Field(max_length=30), AfterValidator(_each_once)]
Positive = Annotated[ExactDecimal, Field(gt=Decimal(0))]


class Plan(_Frozen):
    """What was planned before the trade.

    Units: `stop` and `target` prices; `risk` money in the trade's currency, what a loss at the stop
    would have cost: with it, or with a stop, a result is told in multiples of the risk (R).
    """

    stop: Positive | None = None
    target: Positive | None = None
    risk: Positive | None = None


class Exclusion(_Frozen):
    """Why a trade counts for nothing in the figures; taken back, everything is as it was."""

    reason: str = Field(min_length=1, max_length=500)
    since: Instant


class Annotation(_Frozen):
    """All that was said of one subject; `rating` from 1 to 5."""

    note: str = Field(default="", max_length=20_000)
    tags: Tags = ()
    plan: Plan = Plan()
    rating: int | None = Field(default=None, ge=1, le=5)
    exclusion: Exclusion | None = None

    @property
    def says_nothing(self) -> bool:
        """Whether nothing is left that was said."""
        return self == Annotation()
