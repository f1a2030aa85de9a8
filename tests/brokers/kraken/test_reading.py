"""Whatever is traded, bought at once, sent and paid: the rows that count are what is held."""

import asyncio
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.journal.book import build_book
from shared.domain.journal.corporate import Entry
from tests.brokers.desk import START
from tests.brokers.kraken.desk import KrakenDesk, open_desk

ASSETS = {"XXBT": "XXBTZUSD", "ADA": "ADAUSD"}
AMOUNTS = st.decimals(Decimal("0.0001"), 5, places=4)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell", "at once", "deposit", "withdrawal", "earn", "stake"]),
        st.sampled_from(sorted(ASSETS)),
        AMOUNTS,
        st.sampled_from(["quote", "base", "none"]),
        st.integers(1, 600),
    ),
    max_size=12,
)


def act(desk: KrakenDesk, step: tuple[str, str, Decimal, str, int], place: int) -> None:
    what, asset, quantity, fee_in, minutes = step
    at = START - timedelta(days=30) + timedelta(hours=place * 12, minutes=minutes)
    world, account = desk.world, desk.account
    price = Decimal(100)
    fee = Decimal("0.001") * quantity * price if fee_in != "none" else Decimal(0)
    match what:
        case "buy" | "sell":
            taken = asset if fee_in == "base" else ""
            told = {"price": price, "at": at, "fee": fee, "fee_asset": taken}
            world.fill(account, ASSETS[asset], what, quantity, **told)  # type: ignore[arg-type]  # as named
        case "at once":
            world.buy_at_once(account, ("ZUSD", quantity * price), (asset, quantity), at=at)
        case "stake":
            for code, sign, told_as in ((asset, -1, "spottostaking"), (asset + ".S", 1, "x")):
                subtype = told_as if sign < 0 else "stakingfromspot"
                world.enter(account, code, sign * quantity, at=at, kind="transfer", subtype=subtype)
        case "earn":
            world.enter(account, asset + ".M", quantity, at=at, kind="earn", subtype="reward")
        case _:
            sign = 1 if what == "deposit" else -1
            world.enter(account, asset, sign * quantity, fee / price, at=at, kind=what)


def wallet(desk: KrakenDesk) -> dict[str, Decimal]:
    """What is held in all wallets, by the symbols of our log."""
    held = defaultdict[str, Decimal](Decimal)
    for code, quantity in desk.account.balances(desk.clock.now()).items():
        asset = code.partition(".")[0]
        if asset in ASSETS:
            held["BTC/USD" if asset == "XXBT" else "ADA/USD"] += quantity
    return {symbol: quantity for symbol, quantity in held.items() if quantity}


def in_the_book(desk: KrakenDesk) -> dict[str, Decimal]:
    """What the rows that were published come to."""
    logs = defaultdict[str, dict[str, Entry]](dict)
    for row in desk.rows():
        if row.row.root is not None:
            logs[row.row.root][row.key] = (row.key, row.row)
    held = [one for root, log in logs.items() for one in build_book(root, log.values()).positions]
    return {one.symbol: one.quantity for one in held if one.quantity}


@settings(max_examples=30, deadline=None)
@given(STEPS)
def test_what_rows_come_to_is_what_kraken_says_is_held(
    steps: list[tuple[str, str, Decimal, str, int]],
) -> None:
    async def read() -> tuple[dict[str, Decimal], dict[str, Decimal]]:
        desk = open_desk()
        for asset in ASSETS:  # an account that is never short
            at = START - timedelta(days=60)
            desk.world.enter(desk.account, asset, Decimal(1000), at=at, kind="deposit")
        for place, step in enumerate(steps):
            act(desk, step, place)
        await desk.sync(await desk.connect())
        assert desk.unread() == []
        return in_the_book(desk), wallet(desk)

    ours, theirs = asyncio.run(read())
    assert ours == theirs
