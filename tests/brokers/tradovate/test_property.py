"""Whatever is traded and whenever somebody looks: the fills that count are what is held."""

import asyncio
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.execution import Execution, RowStatus
from tests.brokers.tradovate.setup import TradovateDesk, open_desk

HOUR = timedelta(hours=1)
ACTS = st.lists(
    st.one_of(
        st.tuples(
            st.just("trade"), st.sampled_from(["buy", "sell"]), st.integers(1, 3), st.booleans()
        ),
        st.tuples(st.just("wait"), st.integers(1, 40)),
        st.tuples(st.just("visit")),
        st.tuples(st.just("bust"), st.booleans()),
    ),
    max_size=25,
)


async def act(desk: TradovateDesk, acts: list[tuple[object, ...]], *, fees: bool) -> None:
    connection = await desk.connect()
    for kind, *more in [*acts, ("visit",)]:
        if kind == "wait":
            desk.clock.advance(HOUR * more[0])
        elif kind == "trade":
            contract = "ESM6" if more[2] else "MNQM6"
            desk.trade(more[0], more[1], contract=contract, at=desk.clock.now(), fees=fees)
        elif kind == "bust":
            standing = [one for one in desk.world.books.trades if one.busted_at is None]
            if standing:
                desk.world.bust(standing[-1].fill_id, flag=more[0])
                await visit(desk, connection)  # in the session in which it is told
        else:
            await visit(desk, connection)


async def visit(desk: TradovateDesk, connection: object) -> None:
    report = await desk.sync(connection)
    assert report.outcome == "complete"
    await desk.store_all()


@settings(max_examples=40, deadline=None)
@given(ACTS)
def test_with_fees_every_fill_is_found_whenever_it_was_booked(
    acts: list[tuple[object, ...]],
) -> None:
    desk = open_desk()
    asyncio.run(act(desk, acts, fees=True))
    held: defaultdict[str, Decimal] = defaultdict(Decimal)
    for one in desk.fills().values():
        assert isinstance(one.row, Execution)
        if one.row.status is RowStatus.BOOKED:
            held[one.row.symbol] += one.row.signed_quantity
    assert {s: q for s, q in held.items() if q} == desk.world.positions(desk.account())
    assert len(desk.fills()) == len(desk.world.books.trades)
    assert desk.unread() == []


@settings(max_examples=40, deadline=None)
@given(ACTS)
def test_without_fees_what_is_not_found_is_a_gap(acts: list[tuple[object, ...]]) -> None:
    desk = open_desk()
    trades = [one for one in acts if one[0] != "bust"]
    asyncio.run(act(desk, trades, fees=False))
    missing = [t for t in desk.world.books.trades if str(t.fill_id) not in desk.fills()]
    if missing:
        days = asyncio.run(desk.days())
        assert any(day.get("lost") for day in days.values())
