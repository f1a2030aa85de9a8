"""Rows and pages of a journal, made quickly for tests."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.domain.execution import (
    AccountEvent,
    AssetClass,
    EventType,
    Execution,
    Fee,
    RowStatus,
    Side,
    StatedPnl,
)
from shared.domain.ids import (
    AccountKey,
    ConnectionId,
    RowKey,
    UserId,
    account_key,
    content_hash,
    row_key,
)
from shared.domain.messages import ExecutionsObserved, ObservedRow, UnreadRow
from shared.domain.row_body import row_body
from shared.ports import Create, Key

START = datetime(2020, 5, 26, 14, 0, tzinfo=UTC)  # a Tuesday, 10:00 in New York
USER = UserId("user-1")
ACCOUNT = account_key("alpaca", "paper", "A1")


def fill(
    name: str,
    quantity: str,
    price: str,
    *,
    minute: float = 0,
    symbol: str = "SPY",
    fee: str | None = None,
    status: RowStatus = RowStatus.BOOKED,
    multiplier: str = "1",
    currency: str = "USD",
    asset_class: AssetClass = AssetClass.EQUITY,
    root: str | None = None,
    fees: tuple[Fee, ...] = (),
    base: str | None = None,
    stated_pnl: StatedPnl | None = None,
) -> Execution:
    """A fill with a signed quantity, `minute` minutes after the start."""
    signed = Decimal(quantity)
    return Execution(
        execution_id=name,
        symbol=symbol,
        root=root or symbol,
        asset_class=asset_class,
        side=Side.BUY if signed > 0 else Side.SELL,
        quantity=abs(signed),
        price=Decimal(price),
        multiplier=Decimal(multiplier),
        currency=currency,
        executed_at=START + timedelta(minutes=minute),
        fees=fees if fee is None else (Fee(amount=Decimal(fee), currency=currency),),
        status=status,
        base=base,
        stated_pnl=stated_pnl,
    )


def event(
    name: str,
    amount: str,
    *,
    kind: EventType = EventType.FEE,
    on: date = date(2020, 5, 26),
    minute: float = 0,
    quantity: str | None = None,
    root: str | None = None,
    **more: Any,
) -> AccountEvent:
    """An account event of an amount (negative = paid); what `more` names is otherwise."""
    told: dict[str, Any] = {
        "event_id": name,
        "type": kind,
        "amount": Decimal(amount),
        "currency": "USD",
        "root": root,
        "symbol": root,
        "quantity": None if quantity is None else Decimal(quantity),
        "effective_on": on,
        "occurred_at": START + timedelta(minutes=minute),
    }
    return AccountEvent.model_validate({**told, **more})


def account_document(user: UserId = USER) -> Create:
    """The account that the pages below belong to."""
    body = {
        "broker": "alpaca",
        "environment": "paper",
        "account_id": "A1",
        "account_number": "PA1",
        "currency": "USD",
        "connection_ids": [],
        "last_run": 1,
    }
    return Create(Key("accounts", (user, ACCOUNT)), body)


def key_of(row: Execution | AccountEvent, account: str = "A1") -> RowKey:
    name = row.execution_id if isinstance(row, Execution) else row.event_id
    return row_key("alpaca", "paper", account, (row.kind, name))


def log(*rows: Execution | AccountEvent) -> list[tuple[RowKey, Execution | AccountEvent]]:
    return [(key_of(row), row) for row in rows]


def page(
    rows: Sequence[Execution | AccountEvent] = (),
    *,
    run: int = 1,
    number: int = 0,
    unread: Sequence[UnreadRow] = (),
    account: str = "A1",
    user: UserId = USER,
) -> ExecutionsObserved:
    """One page of one run of an account."""
    return ExecutionsObserved(
        user_id=user,
        connection_id=ConnectionId("connection-1"),
        broker="alpaca",
        environment="paper",
        account_id=account,
        account_key=AccountKey(account_key("alpaca", "paper", account)),
        run=run,
        page=number,
        observed_at=START + timedelta(days=1, minutes=run),
        rows=tuple(ObservedRow(key=key_of(row, account), row=row_body(row)) for row in rows),
        unread=tuple(unread),
    )


def hash_of(row: Execution | AccountEvent) -> str:
    """The hash of a row's normalized content, worked out as a reader of the log would."""
    return content_hash(row.model_dump(mode="json"))
