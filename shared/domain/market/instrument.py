"""What a market is: ticks, sessions, currencies, and which series can stand for its prices."""

from datetime import date, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, field_validator

from shared.domain.market.bars import Timeframe
from shared.domain.money import ExactDecimal


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InstrumentClass(StrEnum):
    """What kind of market an instrument is."""

    INDEX_FUTURE = "index_future"
    ENERGY_FUTURE = "energy_future"
    METAL_FUTURE = "metal_future"
    RATE_FUTURE = "rate_future"
    FX_FUTURE = "fx_future"
    FX_SPOT = "fx_spot"
    METAL_SPOT = "metal_spot"
    CRYPTO = "crypto"
    ETF = "etf"


class RollRule(StrEnum):
    """Which contract a continuous series of a future follows."""

    VOLUME = "volume"  # the one that traded most on the day before


def parse_offset(text: str) -> timedelta:
    """Read "[-]HH:MM" as the time from a session date's local midnight; "24:00" is its end.

    Raises: ValueError when it is not of that form.
    """
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    hours, _, minutes = digits.partition(":")
    if len(minutes) != 2 or not (hours.isdecimal() and minutes.isdecimal()):
        raise ValueError(f"expected [-]HH:MM, found {text!r}")
    return sign * timedelta(hours=int(hours), minutes=int(minutes))


class Hours(_Frozen):
    """When the days of a market begin and end.

    Shape: `calendar` is the exchange-calendars name whose holidays and early closes hold. `opens`,
    `closes` and `record_until` count from the session date's midnight in `zone` ("-06:00" is 18:00
    of the day before). `closes` is the daily close basis: settlement, bell or dealing day.
    `record_until` is when the forecast of record for the *next* session may be written at latest.
    """

    calendar: str
    zone: str
    opens: timedelta
    closes: timedelta
    record_until: timedelta
    basis: str

    @field_validator("opens", "closes", "record_until", mode="before")
    @classmethod
    def _read_offset(cls, value: object) -> object:
        return parse_offset(value) if isinstance(value, str) else value


class Split(_Frozen):
    """A share split: from the open of `on`, one old share is `ratio` new ones."""

    on: date
    ratio: ExactDecimal


class PriceSeries(_Frozen):
    """A series of prices that providers can serve, whether or not it is one of the instruments.

    Shape: `volume_kind` is units, ticks (price updates) or none. `providers` names it at each, in
    order of preference. `roll` as an instrument's. `formerly` is its symbol of before a renaming.
    `five_minutes` tells that bars so short are kept of it.
    """

    symbol: str
    hours: Hours
    volume_kind: str = "units"
    splits: tuple[Split, ...] = ()
    providers: dict[str, str] = Field(default_factory=dict)
    roll: RollRule | None = None
    formerly: str | None = None
    five_minutes: bool = False

    @property
    def timeframes(self) -> tuple[Timeframe, ...]:
        """Which bars are kept of it."""
        longer = (Timeframe.DAY, Timeframe.HOUR, Timeframe.FOUR_HOURS)
        return (*longer, Timeframe.FIVE_MINUTES) if self.five_minutes else longer


class PriceSource(_Frozen):
    """One link of an instrument's chain of sources, best first: which series, and what to call it.

    Shape: `label` is None when the series is the instrument itself, else "SPY for ES";
    `inverted` means that the instrument's price is 1/p of the series.
    """

    series: str
    label: str | None = None
    inverted: bool = False


class Instrument(_Frozen):
    """One of the 21 markets that a bias is written for.

    Shape: `roll` says when a future's series goes over to the next contract, None where nothing
    rolls.
    Units: `tick` in the quoted price; `point_value` in `currency` for one contract or share and one
    point, None where size is free (spot and crypto).
    """

    symbol: str
    name: str
    icon: str
    asset_class: InstrumentClass
    exchange: str
    tick: ExactDecimal
    point_value: ExactDecimal | None
    currency: str
    roll: RollRule | None = None
    hours: Hours
    calendar_currencies: tuple[str, ...] = Field(min_length=1)
    sources: tuple[PriceSource, ...] = Field(min_length=1)
    missing: str | None = None  # why there is no bias when no source has bars

    @property
    def sessions_a_year(self) -> int:
        """How many sessions a year has: what volatility is annualized by."""
        return 365 if self.asset_class is InstrumentClass.CRYPTO else 252
