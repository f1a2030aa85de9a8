"""Binance against the broker suite: spot alone, and both accounts of a key that trades futures."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from infra.simulators.brokers.binance.user import User
from infra.simulators.brokers.binance.world import BinanceWorld
from shared.brokers.binance.account import with_futures
from shared.brokers.binance.spec import SPEC
from shared.brokers.binance.spot import by_symbols
from shared.brokers.binance.usdm import by_weeks
from shared.brokers.spec import Ask, BrokerAccount, BrokerSpec
from tests.brokers.desk import Desk
from tests.contract.broker import MINUTE, ContinuingContract, PagedContract

UID = 354_937_868
LOGIN = {"api_key": "k1", "secret": "s1"}


def open_desk(spec: BrokerSpec = SPEC, **more: Any) -> Desk:
    desk = Desk(spec=spec, make_world=BinanceWorld, environment="live", credentials=LOGIN)
    user = desk.world.add_user(UID, "k1", "s1", **more)
    user.funds["USDT"] = Decimal(1_000_000)
    return desk


def user_of(desk: Desk) -> User:
    found: User = desk.world._users[0]
    return found


def book_spot(
    desk: Desk,
    count: int,
    last: datetime | None = None,
    every: timedelta = MINUTE,
    symbol: str = "BTCUSDT",
) -> None:
    newest = last or desk.clock.now() - timedelta(minutes=30)
    for i in range(count):
        at = newest - every * (count - 1 - i)
        desk.world.fill(user_of(desk), symbol, "BUY", Decimal(1), price=Decimal(100), at=at)


def book_futures(
    desk: Desk, count: int, last: datetime | None = None, every: timedelta = MINUTE
) -> None:
    newest = last or desk.clock.now() - timedelta(minutes=30)
    for i in range(count):
        at = newest - every * (count - 1 - i)
        desk.world.contract(user_of(desk), "BTCUSDT", "BUY", Decimal(1), price=Decimal(100), at=at)


def of_pages(size: int) -> BrokerSpec:
    """Binance's spec, asking for smaller answers."""
    spot, futures = SPEC.history
    walks = replace(spot, walk=by_symbols(size)), replace(futures, walk=by_weeks(size))
    return replace(SPEC, history=walks)


class TestSpot(ContinuingContract, PagedContract):
    history_path = "/api/v3/myTrades"
    page_size = 50
    long = (400, MINUTE)

    @pytest.fixture
    async def desk(self) -> Desk:
        desk = open_desk(of_pages(50), trades_futures=False)
        desk.world.listed = [one for one in desk.world.listed if one.symbol == "BTCUSDT"]
        return desk

    def book(
        self, desk: Desk, count: int, last: datetime | None = None, every: timedelta = MINUTE
    ) -> None:
        book_spot(desk, count, last, every)

    def held(self, desk: Desk) -> dict[str, Decimal]:
        found = desk.world.held(user_of(desk))
        return {f"{asset}USDT": held for asset, held in found.items() if asset != "USDT"}


def only_futures(spec: BrokerSpec) -> BrokerSpec:
    """The spec of a key whose spot account is not listed: the suite knows logins of one account."""

    async def last(ask: Ask, listed: Sequence[BrokerAccount]) -> Sequence[BrokerAccount]:
        return (await with_futures(ask, listed))[1:]

    return replace(spec, accounts=replace(spec.accounts, further=last))


class TestFutures(ContinuingContract, PagedContract):
    history_path = "/fapi/v1/userTrades"
    page_size = 50
    first_page = 12  # weeks before the one with the trades
    long = (400, timedelta(hours=4))

    @pytest.fixture
    async def desk(self) -> Desk:
        return open_desk(only_futures(of_pages(50)), resting={"BTCUSDT"})

    def book(
        self, desk: Desk, count: int, last: datetime | None = None, every: timedelta = MINUTE
    ) -> None:
        book_futures(desk, count, last, every)

    def held(self, desk: Desk) -> dict[str, Decimal]:
        found = user_of(desk).positions(desk.clock.now())
        return {symbol: one.quantity for (symbol, _), one in found.items() if one.quantity}
