"""A desk at the simulated Flex Web Service."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from infra.simulators.brokers import faults
from infra.simulators.brokers.ibkr.account import Account
from infra.simulators.brokers.ibkr.documents import xml
from infra.simulators.brokers.ibkr.world import IbkrWorld
from infra.simulators.brokers.wire import Answer, Call
from shared.brokers.ibkr.spec import SPEC
from tests.brokers.desk import Desk
from tests.twins.manual_clock import ManualClock

NOW = datetime(2026, 3, 18, 14, 0, tzinfo=UTC)  # a Wednesday: two days ago was a weekday too
ID, TOKEN, QUERY, CONFIRMATIONS = "DU1111111", "111122223333", "900001", "900002"
SERVICE = "/AccountManagement/FlexWebService/"
SEND, GET = f"{SERVICE}SendRequest", f"{SERVICE}GetStatement"
_ROW = re.compile(r"<Trade(?:Confirm)? [^>]*/>")


def open_desk(*, confirmed: bool = True) -> Desk:
    login = {"token": TOKEN, "query_id": QUERY}
    if confirmed:
        login["confirmations_query_id"] = CONFIRMATIONS
    desk = Desk(
        clock=ManualClock(NOW), spec=SPEC, make_world=IbkrWorld, environment="paper",
        credentials=login,
    )  # fmt: skip
    desk.world.add_account(desk.world.add_token(TOKEN, QUERY, CONFIRMATIONS), ID)
    return desk


def account(desk: Desk, account_id: str = ID) -> Account:
    found: Account = desk.world.accounts[account_id]
    return found


def book(
    desk: Desk,
    count: int,
    last: datetime | None = None,
    every: timedelta = timedelta(minutes=1),
    account_id: str = ID,
) -> None:
    """Book fills; yesterday's by default, which a statement has."""
    newest = last or desk.clock.now() - timedelta(days=1)
    for i in range(count):
        at = newest - every * (count - 1 - i)
        desk.world.fill(account(desk, account_id), "CLF", Decimal(1), price=Decimal(12), at=at)


def changed(change: Callable[[list[Any]], list[Any]]) -> faults.Fault:
    """Change the trades of a report."""

    def apply(_: Call, answered: Answer) -> Answer:
        text = answered.body.decode()
        if "<FlexQueryResponse" not in text:
            return answered
        found = _ROW.findall(text)
        left = iter(change(list(found)))
        return xml(_ROW.sub(lambda _: next(left, ""), text))

    return apply


def steps(desk: Desk) -> list[str]:
    """Name the steps that were asked for."""
    return [call.path.removeprefix(SERVICE) for call in desk.world.calls]


def sent(desk: Desk) -> int:
    """Count the requests for a report."""
    return steps(desk).count("SendRequest")
