"""What traded: prints that every simulated provider makes its own bars from."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from shared.domain.market.instrument import PriceSeries
from shared.market.sessions import is_session, session_close, session_open

_STEP = timedelta(minutes=30)
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Print:
    """One trade, or one change of a quote."""

    at: datetime
    price: Decimal
    size: int = 100


@dataclass(frozen=True)
class Row:
    """A bar of prints that begins at `at`."""

    at: datetime
    prints: tuple[Print, ...]

    @property
    def prices(self) -> dict[str, Decimal]:
        seen = [p.price for p in self.prints]
        return {"o": seen[0], "h": max(seen), "l": min(seen), "c": seen[-1]}

    @property
    def volume(self) -> int:
        return sum(p.size for p in self.prints)


def rows(
    prints: Iterable[Print], start_of: Callable[[datetime], datetime], now: datetime
) -> list[Row]:
    """Group what was printed by now; nothing traded, no row."""
    groups: dict[datetime, list[Print]] = {}
    for printed in prints:
        if printed.at <= now:
            groups.setdefault(start_of(printed.at), []).append(printed)
    return [Row(at, tuple(found)) for at, found in sorted(groups.items())]


def every(step: timedelta) -> Callable[[datetime], datetime]:
    """Begin rows at whole multiples of a step since 1970."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return lambda at: at - (at - epoch) % step


def walk(
    market: PriceSeries, first: date, last: date, *, start: Decimal = Decimal(100), seed: int = 7
) -> list[Print]:
    """Script a small random walk over the sessions of a span, two prints an hour."""
    rng, price, printed = random.Random(seed), start, list[Print]()
    for day in _days(first, last):
        if not is_session(market, day):
            continue
        at, close = session_open(market, day), session_close(market, day)
        while at < close:
            price += rng.randint(-20, 20) * _CENT
            printed.append(Print(at, price, rng.randint(1, 500)))
            at += _STEP
    return printed


def _days(first: date, last: date) -> Sequence[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
