"""Cash on both sides, where what the broker books adds up to it. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.domain.execution import AccountEvent, Execution, RowStatus
from shared.domain.money import ExactDecimal, no_digit_lost
from shared.domain.time import Instant, from_micros
from shared.journal.reconciliation.comparison import Agreement
from shared.ports import Body

_ZERO = Decimal(0)
_CENT = Decimal("0.01")  # a row: brokers round each booking


class Balance(BaseModel):
    """How cash moved between two reports, by the broker and by our rows.

    Shape: `reason` says why it is unknown, else "". A difference keeps its beginning, so that what
    is booked late still counts.
    Units: money in `currency`; `began` and `ended` are the broker's cash at `since` and `until`,
    `ours` is what our rows moved in between.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: Agreement
    reason: str = ""
    currency: str = ""
    since: Instant | None = None
    until: Instant | None = None
    began: ExactDecimal | None = None
    ended: ExactDecimal | None = None
    ours: ExactDecimal | None = None

    @property
    def difference(self) -> Decimal | None:
        """Tell what the broker's cash moved beyond our rows."""
        if self.began is None or self.ended is None or self.ours is None:
            return None
        return self.ended - self.began - self.ours


def cash_moved(rows: Iterable[Execution | AccountEvent], currency: str) -> Decimal:
    """Add up what booked rows did to the cash of one currency.

    A fill pays its price and its fees; every other row says its amount.
    """
    total = _ZERO
    with no_digit_lost():
        for row in rows:
            if row.status is RowStatus.BUSTED:
                continue
            if isinstance(row, AccountEvent):
                total += row.amount if row.currency == currency else _ZERO
                continue
            if row.currency == currency:
                total -= row.signed_quantity * row.price * row.multiplier
            total -= sum((fee.amount for fee in row.fees if fee.currency == currency), _ZERO)
    return total


@dataclass(frozen=True, slots=True)
class CashReport:
    """What the broker said of an account's cash at an instant."""

    at: datetime
    cash: Decimal
    currency: str
    adds_up: bool

    @classmethod
    def of(cls, body: Body) -> "CashReport":
        """Read it from a position report."""
        at, cash = from_micros(body["at_us"]), Decimal(body["cash"])
        return cls(at, cash, body["currency"], body.get("cash_adds_up", False))


def beginning(before: Balance | None, report: CashReport) -> tuple[datetime, Decimal]:
    """Tell from when on cash is compared: since it last agreed, or since it began to differ."""
    if before is None or before.currency != report.currency:
        return report.at, report.cash
    if before.state is Agreement.DIFFERS:
        since, cash = before.since, before.began
    else:
        since, cash = before.until, before.ended
    return (report.at, report.cash) if since is None or cash is None else (since, cash)


def balance(
    before: Balance | None, report: CashReport, rows: Sequence[Execution | AccountEvent]
) -> Balance:
    """Compare how cash moved since `beginning`, by the broker and by our rows since then."""
    since, began = beginning(before, report)
    known: dict[str, Any] = {
        "currency": report.currency,
        "since": since,
        "until": report.at,
        "began": began,
        "ended": report.cash,
    }
    if not report.adds_up:
        reason = "this broker's cash moves by more than its rows say"
        return Balance(state=Agreement.UNKNOWN, reason=reason, **known)
    if since == report.at:
        reason = "it is the first report; cash is compared from the next one on"
        return Balance(state=Agreement.UNKNOWN, reason=reason, **known)
    ours = cash_moved(rows, report.currency)
    equal = abs(report.cash - began - ours) <= _CENT * max(len(rows), 1)
    state = Agreement.AGREED if equal else Agreement.DIFFERS
    return Balance(state=state, ours=ours, **known)
