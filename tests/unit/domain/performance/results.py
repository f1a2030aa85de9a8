"""Results made quickly for tests."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from shared.domain.ids import AccountKey, RowKey
from shared.domain.journal.trips.round_trip import Direction
from shared.domain.performance.results import Result

MONDAY = date(2026, 3, 2)


def result(
    net: str,
    *,
    day: int = 0,
    hour: int = 15,
    fees: str = "0",
    currency: str = "USD",
    root: str = "ES",
    risk: str | None = None,
    tags: tuple[str, ...] = (),
    name: str | None = None,
    broker: str = "topstepx",
    direction: Direction = Direction.LONG,
) -> Result:
    """A trip that was closed `day` days after Monday, 10 minutes after it was opened."""
    on = MONDAY + timedelta(days=day)
    closed_at = datetime(on.year, on.month, on.day, hour, 30, tzinfo=UTC)
    return Result(
        key=RowKey(name or f"{day:02d}-{hour:02d}-{net}"),
        account_key=AccountKey("account"),
        broker=broker,
        root=root,
        currency=currency,
        direction=direction,
        opened_at=closed_at - timedelta(minutes=10),
        closed_at=closed_at,
        on=on,
        gross=Decimal(net) + Decimal(fees),
        fees=Decimal(fees),
        net=Decimal(net),
        risk=None if risk is None else Decimal(risk),
        tags=tags,
    )
