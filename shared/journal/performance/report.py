"""One report for every screen, export and API: what was asked, and every figure of it."""

from datetime import date
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from shared.domain.ids import AccountKey
from shared.domain.journal.performance import Performance
from shared.domain.money import ExactDecimal
from shared.domain.performance.conversion import Converted
from shared.domain.performance.curve import Curve
from shared.domain.performance.groups import Dimension, Group
from shared.domain.performance.prop_rules import CurrencyCode, PropRules, RuleState
from shared.domain.performance.statistics import Statistics
from shared.domain.time import Instant, ZoneName


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Asked(_Frozen):
    """What a report is of.

    Shape: trading days from `since` to before `until`; `by` the groups that are wanted; `zone` in
    which hours are told; `into` the reporting currency, None for each in its own.
    """

    account_key: AccountKey | None = None
    since: date | None = None
    until: date | None = None
    by: tuple[Dimension, ...] = ()
    zone: ZoneName = "America/New_York"
    into: CurrencyCode | None = None

    @property
    def zone_info(self) -> ZoneInfo:
        """The zone of display."""
        return ZoneInfo(self.zone)

    def holds(self, day: date) -> bool:
        """Whether a trading day is asked for."""
        return (self.since is None or day >= self.since) and (
            self.until is None or day < self.until
        )


class Unrealized(_Frozen):
    """An open position at a price; without one, `profit` is None and unknown.

    Units: `profit` = quantity x price x multiplier - cost, in `currency`, before fees.
    """

    account_key: AccountKey
    symbol: str
    currency: str
    quantity: ExactDecimal
    price: ExactDecimal | None
    as_of: Instant | None
    source: str | None
    profit: ExactDecimal | None


class CurrencyReport(_Frozen):
    """The closed round trips and the curve of one currency.

    Shape: `figures.net` is of closed round trips, after their own fees; the curve's last equity is
    the net of all days, open trips' realized parts and day fees included.
    """

    currency: str
    figures: Statistics
    curve: Curve


class GroupedBy(_Frozen):
    """The groups of one dimension."""

    by: Dimension
    groups: tuple[Group, ...]


class AccountRules(_Frozen):
    """The rules that an account was given, and how each stands.

    Shape: `unrealized` is None where a price of something that is open is not known: the states
    are then of what is realized alone.
    """

    account_key: AccountKey
    rules: PropRules
    unrealized: ExactDecimal | None
    states: tuple[RuleState, ...]


class PerformanceReport(_Frozen):
    """Every figure of a span of trading days.

    Shape: `summary` is the same as the summary of the span; `net` is its net in the reporting
    currency, None where none was asked for. In no figure are `left_out` closed round trips of
    unknown cost, and `excluded` ones that the user lets count for nothing.
    """

    asked: Asked
    summary: Performance
    currencies: tuple[CurrencyReport, ...]
    groups: tuple[GroupedBy, ...]
    unrealized: tuple[Unrealized, ...]
    rules: tuple[AccountRules, ...]
    net: Converted | None
    left_out: int
    excluded: int
