"""Why broker and journal may differ: causes and what speaks for them, the likeliest first. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import combinations

from pydantic import BaseModel, ConfigDict

from shared.domain.execution import AccountEvent, AssetClass, Execution, RowStatus
from shared.domain.ids import RowKey
from shared.domain.journal.flags import Flag
from shared.domain.money import decimal_text
from shared.journal.reconciliation.comparison import Line

_ZERO = Decimal(0)
_TWINS = timedelta(seconds=1)
_RECENT = 200  # rows of a symbol that are looked at for twins
_SPLITS = [Decimal(n) for n in (2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 50, 100)] + [
    Decimal("1.5"),
    Decimal("2.5"),
]


class Cause(StrEnum):
    """What a difference may come from."""

    UNREAD_ROW = "unread_row"
    UNAPPLIED_ROW = "unapplied_row"
    SPLIT = "split"
    DUPLICATE = "duplicate"
    CORRECTION = "correction"
    FEE = "fee"
    OPENING_LOT = "opening_lot"
    TRANSFER = "transfer"
    MISSING_ROW = "missing_row"


class Suspect(BaseModel):
    """One cause: `weight` of 100 ranks it, `why` says what speaks for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cause: Cause
    weight: int
    why: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the symbol of one line.

    Shape: `log` are the root's rows, oldest first; `unread` the reasons of open quarantine rows
    that name the symbol, and `unread_others` how many others there are; `flags` what the journal
    could not apply; `begins_late` tells that the account is older than what the broker gives.
    """

    line: Line
    log: Sequence[tuple[RowKey, Execution | AccountEvent]]
    unread: Sequence[str] = ()
    unread_others: int = 0
    flags: Sequence[Flag] = ()
    begins_late: bool = False


def suspects(evidence: Evidence) -> tuple[Suspect, ...]:
    """Rank what may have caused a difference; there is always at least one."""
    found = [Suspect(cause=c, weight=w, why=why) for c, w, why in _all(evidence)]
    return tuple(sorted(found, key=lambda one: (-one.weight, one.cause)))


_Found = tuple[Cause, int, str]


def _all(evidence: Evidence) -> Iterator[_Found]:
    yield from _from_rows_kept(evidence)
    yield from _from_ratio(evidence.line)
    yield from _from_twins(evidence)
    yield from _from_corrections(evidence)
    yield from _from_fees(evidence)
    if evidence.begins_late and not evidence.line.theirs * evidence.line.ours > 0:
        text = "the account is older than what the broker gives: it may have been held before"
        yield Cause.OPENING_LOT, 50, text
    if not any(isinstance(row, Execution) and _is_future(row) for _, row in evidence.log):
        yield Cause.TRANSFER, 30, "units may have come or gone without a row that says so"
    missing = "a row may be missing: read the days again with `daybias resync`"
    yield Cause.MISSING_ROW, 20, missing


def _from_rows_kept(evidence: Evidence) -> Iterator[_Found]:
    if evidence.unread:
        yield Cause.UNREAD_ROW, 95, f"a row of it could not be read: {evidence.unread[0]}"
    elif evidence.unread_others:
        text = f"{evidence.unread_others} rows of the account could not be read"
        yield Cause.UNREAD_ROW, 60, text
    for flag in evidence.flags[:1]:
        yield Cause.UNAPPLIED_ROW, 90, f"a row could not be applied: {flag.reason}"


def _from_ratio(line: Line) -> Iterator[_Found]:
    if not line.ours or not line.theirs or line.ours * line.theirs < 0:
        return
    for times in _SPLITS:
        if line.theirs == line.ours * times:
            yield Cause.SPLIT, 85, f"the broker holds {times} times as many: a split"
        elif line.ours == line.theirs * times:
            yield Cause.SPLIT, 85, f"we hold {times} times as many: a reverse split"


def _from_twins(evidence: Evidence) -> Iterator[_Found]:
    excess = evidence.line.ours - evidence.line.theirs
    fills = [
        (key, row)
        for key, row in evidence.log[-_RECENT:]
        if isinstance(row, Execution)
        and row.symbol == evidence.line.symbol
        and row.status is RowStatus.BOOKED
        and row.signed_quantity == excess
    ]
    for (_, one), (key, other) in combinations(fills, 2):
        if one.price == other.price and abs(one.executed_at - other.executed_at) <= _TWINS:
            yield Cause.DUPLICATE, 75, f"two fills are alike and one is too many: {key}"
            return


def _from_corrections(evidence: Evidence) -> Iterator[_Found]:
    missing = evidence.line.theirs - evidence.line.ours
    for key, row in reversed(evidence.log):
        if not isinstance(row, Execution) or row.symbol != evidence.line.symbol:
            continue
        if row.status is RowStatus.BUSTED and row.signed_quantity == missing:
            text = f"a fill of that size is cancelled here, and the broker still holds it: {key}"
            yield Cause.CORRECTION, 70, text
            return
        if row.status is RowStatus.BOOKED and row.signed_quantity == -missing:
            text = f"a fill of that size may have been cancelled at the broker: {key}"
            yield Cause.CORRECTION, 45, text
            return


def _from_fees(evidence: Evidence) -> Iterator[_Found]:
    line = evidence.line
    fills = [row for _, row in evidence.log if isinstance(row, Execution)]
    coins = [row for row in fills if row.asset_class is AssetClass.CRYPTO]
    bought = sum((row.quantity for row in coins if row.symbol == line.symbol), _ZERO)
    lacking = line.ours - line.theirs
    if bought and 0 < lacking * 100 <= bought:
        share = decimal_text(lacking)
        yield Cause.FEE, 80, f"{share} less than was traded: fees that were taken in coins"


def _is_future(row: Execution) -> bool:
    return row.asset_class is AssetClass.FUTURE
