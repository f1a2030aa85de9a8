"""An account's ledger (cashBalanceLog): which fills it names, and how far its word can be trusted.

Every line says the balance after it, so a line that is missing shows. Where fills cost fees each
has a line of its own; where they cost nothing (prop firms) the ledger names only pairs of fills, as
positions are closed.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.brokers.spec import Lost
from shared.brokers.tradovate.fields import Row, booked_at, number_in, trade_date
from shared.brokers.tradovate.session import Stretch, is_cut, session_of
from shared.domain.errors import UnparseableRow
from shared.domain.money import parse_decimal

_HELP = "upload Tradovate's Fills report for these days"


@dataclass(frozen=True, slots=True)
class Ledger:
    """The lines of one account's ledger, oldest first.

    Shape: `reach` is from when on it is whole, None when that cannot be said; lines that are
    spoiled are in `lines`, too, and end the trust in what is older.
    """

    lines: tuple[Any, ...]
    reach: datetime | None

    @property
    def names_fills(self) -> bool:
        """Whether fills have lines of their own."""
        return any(number_in(line, "fillId") for line in self.lines)

    def last_id(self) -> int:
        """Give the greatest id of a line."""
        return max((number_in(line, "id") or 0 for line in self.lines), default=0)

    def since(self, at: datetime, line: int) -> list[Any]:
        """List the lines from an instant on whose id is greater than one that was read before."""
        found = ((one, booked_at(one)) for one in self.lines)
        late = [one for one, when in found if when is None or when >= at]
        return [one for one in late if (number_in(one, "id") or line + 1) > line]

    def lost(self, stretch: Stretch, *, was_flat: bool) -> Lost | None:
        """Say which part of a stretch nobody watched stays unknown, and why; None for no part."""
        begin, end = stretch
        if self.reach is None:
            why = "the ledger of this account is cut or empty"
            return Lost(begin, end, f"Tradovate tells the current session only, and {why}: {_HELP}")
        if not self.names_fills and not was_flat:
            why = "without fees the ledger does not name fills of a position that stays open"
            return Lost(begin, end, f"Tradovate tells the current session only, and {why}: {_HELP}")
        if self.reach <= begin:
            return None
        why = f"the ledger of this account begins on {self.reach:%Y-%m-%d}"
        reach = min(end, self.reach)
        return Lost(begin, reach, f"Tradovate tells the current session only, and {why}: {_HELP}")


def read_ledger(rows: Sequence[Any], beginning: datetime) -> Ledger:
    """Sort the lines and follow their balances; one that starts at zero reaches the `beginning`."""
    lines = tuple(sorted(rows, key=_place))
    if not lines or is_cut(len(lines)):
        return Ledger(lines, None)
    by_currency: defaultdict[int | None, list[Any]] = defaultdict(list)
    for line in lines:
        by_currency[number_in(line, "currencyId")].append(line)
    reaches = [_reach(chain, beginning) for chain in by_currency.values()]
    known = [reach for reach in reaches if reach is not None]
    return Ledger(lines, max(known) if len(known) == len(reaches) else None)


def _place(line: Any) -> tuple[str, int]:
    at = booked_at(line)
    return ("" if at is None else at.isoformat(timespec="microseconds"), number_in(line, "id") or 0)


def _reach(chain: Sequence[Any], beginning: datetime) -> datetime | None:
    """Tell from when on no line is missing: each balance is the one before plus the change."""
    reach: datetime | None = beginning
    before = None
    for line in chain:
        try:
            amount = parse_decimal(line["amount"], "amount")
            change = parse_decimal(line["delta"], "delta")
        except (UnparseableRow, KeyError, TypeError):
            reach, before = None, None
            continue
        if amount - change != (before or 0):
            reach = booked_at(line)
        before = amount
    return reach


def was_flat(positions: Iterable[Any], account_id: int, now: datetime) -> bool:
    """Tell whether an account held nothing when the current session began."""
    own = [row for row in positions if number_in(row, "accountId") == account_id]
    return all(_held_before(row, now) == 0 for row in own)


def _held_before(row: Row, now: datetime) -> int | None:
    day = trade_date(row)
    is_current = day is not None and day.isoformat() == session_of(now)
    return number_in(row, "prevPos" if is_current else "netPos")
