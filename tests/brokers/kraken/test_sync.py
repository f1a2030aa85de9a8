"""Kraken against the broker suite."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from infra.simulators.brokers import faults
from shared.brokers.spec import RateLimit
from tests.brokers.desk import Desk
from tests.brokers.kraken.desk import MINUTE, TRADES, KrakenDesk, changed, open_desk
from tests.contract.broker import BrokerContract, ContinuingContract, PagedContract


class KrakenContract(BrokerContract):
    history_path = TRADES

    @pytest.fixture
    async def desk(self) -> Desk:
        return open_desk()

    def changed(self, change: Callable[[list[Any]], list[Any]]) -> faults.Fault:
        return changed(change)

    def book(
        self, desk: Desk, count: int, last: datetime | None = None, every: timedelta = MINUTE
    ) -> None:
        assert isinstance(desk, KrakenDesk)
        desk.buy(count, last or desk.clock.now() - 30 * MINUTE, every)

    def held(self, desk: Desk) -> dict[str, Decimal]:
        assert isinstance(desk, KrakenDesk)
        return desk.held()


class TestKraken(KrakenContract, PagedContract):
    page_size = 50
    first_page = 1  # page 0 tells how many there are


class TestLongHistory(KrakenContract, ContinuingContract):
    long = (300, MINUTE)

    @pytest.fixture
    async def desk(self) -> Desk:
        """A desk of a higher tier: the suite's budget is shorter than a full counter."""
        desk = open_desk()
        desk.world.most_points = Decimal(1000)
        desk.spec = replace(desk.spec, limit=RateLimit(1000, MINUTE))
        return desk
