"""Three simulated traders whose every fill is priced inside the real bar of its hour or day.

The decisions are invented and labelled so; the prices are not: a fill lies between the low and the
high of the bar in which it happens. No randomness: choices are hashes of (trader, day, symbol).
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from shared.domain.execution import Side
from shared.domain.market.bars import Bar
from shared.domain.time import NEW_YORK

_CENT = Decimal("0.01")
_FRACTION = Decimal("0.000001")
SEC_RATE = Decimal("22.10") / Decimal(1_000_000)  # of sale proceeds, in force from 2020-02-18
TAF_RATE = Decimal("0.000119")  # per share sold
TAF_CAP = Decimal("5.95")


@dataclass(frozen=True)
class Part:
    """One fill of an order."""

    quantity: Decimal
    price: Decimal
    at: datetime


@dataclass(frozen=True)
class Order:
    """One order with its fills, oldest first."""

    trader: str
    symbol: str
    side: Side
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class DayFee:
    """A regulatory fee on one day's sales, booked on the next morning."""

    trader: str
    on: date
    subtype: str
    amount: Decimal
    created_at: datetime


def chance(*parts: object) -> float:
    """Map the parts to a number in [0, 1), always the same one."""
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def price_inside(bar: Bar, where: float) -> Decimal:
    """Pick a price between the bar's low and high, in whole cents where a cent lies between."""
    low, high = Decimal(str(bar.low)), Decimal(str(bar.high))
    raw = low + (high - low) * Decimal(str(round(where, 6)))
    cents = raw.quantize(_CENT, ROUND_DOWN)
    if cents < low:
        cents = raw.quantize(_CENT, ROUND_UP)
    return cents if cents <= high else raw


def _moment(bar: Bar, where: float) -> datetime:
    """Pick an instant of regular trading (10:00 to 15:45 New York) that the bar covers."""
    opening = datetime(bar.session.year, bar.session.month, bar.session.day, 10, tzinfo=NEW_YORK)
    start = max(bar.opened_at, opening)
    end = min(bar.closed_at, opening + timedelta(hours=5, minutes=45))
    return start + (end - start) * round(where, 6)


def _order(who: tuple[str, str], side: Side, quantity: Decimal, bar: Bar, tag: str) -> Order:
    """Split a (trader, symbol)'s quantity into one to four fills inside one bar."""
    seed = (*who, bar.opened_at, tag)
    count = 1 + int(chance(*seed, "count") * 4)
    step = (quantity / count).quantize(_FRACTION if quantity % 1 else Decimal(1), ROUND_DOWN)
    sizes = [step] * (count - 1) if step else []
    sizes.append(quantity - sum(sizes, Decimal(0)))
    begin = 0.05 + 0.8 * chance(*seed, "time")
    parts = tuple(
        Part(
            size,
            price_inside(bar, chance(*seed, "price", i // 2)),  # two fills often share a price
            _moment(bar, begin + 0.002 * i),
        )
        for i, size in enumerate(sizes)
    )
    return Order(*who, side, parts)


def _swing(bars: Mapping[str, Sequence[Bar]]) -> Iterator[Order]:
    """Hold for days: follow the last five closes in three ETFs, sometimes straight to a short."""
    held = {"SPY": 0, "QQQ": 0, "IWM": 0}
    for symbol, position in held.items():
        series = bars[symbol]
        for i, bar in enumerate(series[5:], start=5):
            if chance("swing", symbol, bar.session) > 0.45:
                continue
            rising = series[i - 1].close > series[i - 5].close
            size = 40 + 10 * int(chance("swing-size", symbol, bar.session) * 10)
            target = (
                size if rising else (-size if chance("short", symbol, bar.session) > 0.5 else 0)
            )
            change = target - position
            if change:
                side = Side.BUY if change > 0 else Side.SELL
                yield _order(("swing", symbol), side, Decimal(abs(change)), bar, "swing")
            position = target  # noqa: PLW2901 - the running position of this symbol


def _intraday(bars: Mapping[str, Sequence[Bar]]) -> Iterator[Order]:
    """Open in the morning, turn around at noon on some days, be nearly flat by the afternoon."""
    for symbol in ("SPY", "AAPL"):
        by_day: dict[date, list[Bar]] = {}
        for bar in bars[f"{symbol}@1h"]:
            by_day.setdefault(bar.session, []).append(bar)
        for day, hours in by_day.items():
            if len(hours) < 6 or chance("intraday", symbol, day) > 0.8:
                continue
            size = Decimal(20 + 5 * int(chance("intraday-size", symbol, day) * 16))
            first = Side.BUY if chance("intraday-side", symbol, day) > 0.4 else Side.SELL
            second = Side.SELL if first is Side.BUY else Side.BUY
            yield _order(("intraday", symbol), first, size, hours[1], "open")
            if chance("intraday-flip", symbol, day) > 0.6:
                yield _order(("intraday", symbol), second, size * 2, hours[3], "flip")
                first, second = second, first
            keep = Decimal(5) if chance("intraday-keep", symbol, day) > 0.9 else Decimal(0)
            yield _order(("intraday", symbol), second, size - keep, hours[5], "close")


def _saver(bars: Mapping[str, Sequence[Bar]]) -> Iterator[Order]:
    """Buy fractions for a fixed sum twice a week, take a third off after a good fortnight."""
    for symbol, dollars in (("QQQ", 750), ("AAPL", 500), ("IWM", 400)):
        held = Decimal(0)
        for i, bar in enumerate(bars[symbol][10:], start=10):
            if bar.session.weekday() in (0, 3):
                quantity = (Decimal(dollars) / Decimal(str(bar.high))).quantize(_FRACTION)
                yield _order(("saver", symbol), Side.BUY, quantity, bar, "buy")
                held += quantity
            elif bar.close > 1.08 * bars[symbol][i - 10].close and held > 1:
                quantity = (held / 3).quantize(_FRACTION, ROUND_DOWN)
                yield _order(("saver", symbol), Side.SELL, quantity, bar, "sell")
                held -= quantity


def orders(bars: Mapping[str, Sequence[Bar]]) -> list[Order]:
    """Plan all orders of the three traders.

    Shape: `bars` maps SPY, QQQ, IWM, AAPL to daily and SPY@1h, AAPL@1h to hourly bars of the
    window; the answer is ordered by first fill.
    """
    planned = [*_swing(bars), *_intraday(bars), *_saver(bars)]
    return sorted(planned, key=lambda o: (o.parts[0].at, o.trader, o.symbol))


def day_fees(planned: Sequence[Order]) -> list[DayFee]:
    """Work out the SEC and TAF fees of each trader's sales, created at 06:05 UTC the day after."""
    proceeds: dict[tuple[str, date], Decimal] = {}
    shares: dict[tuple[str, date], Decimal] = {}
    for order in planned:
        if order.side is Side.SELL:
            sold = (order.trader, order.parts[0].at.astimezone(NEW_YORK).date())
            proceeds[sold] = proceeds.get(sold, Decimal(0)) + sum(
                (p.quantity * p.price for p in order.parts), Decimal(0)
            )
            shares[sold] = shares.get(sold, Decimal(0)) + sum(
                (p.quantity for p in order.parts), Decimal(0)
            )
    fees = []
    for (trader, day), money in proceeds.items():
        booked = datetime(day.year, day.month, day.day, 2, 5, tzinfo=NEW_YORK) + timedelta(days=1)
        taf = min(shares[trader, day] * TAF_RATE, TAF_CAP)
        for subtype, amount in (("REG", money * SEC_RATE), ("TAF", taf)):
            rounded = amount.quantize(_CENT, ROUND_UP)
            fees.append(DayFee(trader, day, subtype, rounded, booked))
    return fees
