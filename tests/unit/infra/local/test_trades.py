"""The demo's invented decisions at real prices."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest

from infra.local.demo.prices import traded_bars
from infra.local.demo.trades import Order, day_fees, orders
from shared.domain.execution import Side
from shared.domain.market.bars import Bar
from shared.domain.time import NEW_YORK

UNTIL = datetime(2020, 5, 29, 22, tzinfo=UTC)
SINCE = UNTIL - timedelta(days=90)


@pytest.fixture(scope="module")
def bars() -> dict[str, Sequence[Bar]]:
    return asyncio.run(traded_bars(SINCE, UNTIL))


@pytest.fixture(scope="module")
def planned(bars: dict[str, Sequence[Bar]]) -> list[Order]:
    return orders(bars)


def covering(bars: Sequence[Bar], at: datetime) -> Bar:
    return next(bar for bar in bars if bar.opened_at <= at < bar.closed_at)


def test_every_fill_is_priced_inside_the_bar_that_it_happens_in(
    bars: dict[str, Sequence[Bar]], planned: list[Order]
) -> None:
    for order in planned:
        series = bars[f"{order.symbol}@1h" if order.trader == "intraday" else order.symbol]
        for part in order.parts:
            bar = covering(series, part.at)
            assert Decimal(str(bar.low)) <= part.price <= Decimal(str(bar.high))


def test_every_fill_happens_in_regular_trading_hours(planned: list[Order]) -> None:
    times = [part.at.astimezone(NEW_YORK).time() for o in planned for part in o.parts]
    assert min(times) >= time(9, 30)
    assert max(times) < time(16)


def test_the_plan_is_the_same_every_time(
    bars: dict[str, Sequence[Bar]], planned: list[Order]
) -> None:
    assert orders(bars) == planned


def test_fills_of_one_order_keep_their_order_in_time(planned: list[Order]) -> None:
    assert all(list(o.parts) == sorted(o.parts, key=lambda p: p.at) for o in planned)


def test_there_are_partial_fills_flips_fractions_and_shorts(planned: list[Order]) -> None:
    position: dict[tuple[str, str], Decimal] = {}
    seen = set()
    for order in planned:
        seen |= {"partial"} if len(order.parts) > 1 else set()
        for part in order.parts:
            seen |= {"fraction"} if part.quantity % 1 else set()
            place = (order.trader, order.symbol)
            before = position.get(place, Decimal(0))
            after = before + (part.quantity if order.side is Side.BUY else -part.quantity)
            seen |= {"short"} if after < 0 else set()
            seen |= {"flip"} if before * after < 0 else set()
            position[place] = after
    assert seen == {"partial", "fraction", "short", "flip"}


def test_every_trader_fills_more_than_a_page_of_one_hundred(planned: list[Order]) -> None:
    fills = Counter(o.trader for o in planned for _ in o.parts)
    assert min(fills.values()) > 100


def test_something_is_traded_on_the_replayed_friday(planned: list[Order]) -> None:
    traders = {o.trader for o in planned if o.parts[0].at.date() == UNTIL.date()}
    assert traders >= {"swing"} or traders >= {"intraday"}


def test_fees_are_costs_in_cents_booked_on_the_next_day(planned: list[Order]) -> None:
    for fee in day_fees(planned):
        assert fee.amount > 0
        assert fee.amount == fee.amount.quantize(Decimal("0.01"))
        assert fee.created_at.astimezone(NEW_YORK).date() == fee.on + timedelta(days=1)
