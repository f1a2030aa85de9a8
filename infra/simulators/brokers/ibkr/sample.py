"""A small world of Interactive Brokers to try things on."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from infra.simulators.brokers.ibkr.world import IbkrWorld
from infra.simulators.brokers.world import Sample


def sample(now: Callable[[], datetime]) -> Sample:
    """Script two accounts with a few fills of the last days."""
    world = IbkrWorld(now, polls=1)
    token, query = "100000000000000000000001", "900001"
    login = world.add_token(token, query)
    main, other = (world.add_account(login, name) for name in ("DU1111111", "DU2222222"))
    at = now() - timedelta(days=8)
    world.fill(main, "CLF", Decimal(200), price=Decimal("11.72"), at=at)
    world.fill(main, "CLF", Decimal(-100), price=Decimal("12.05"), at=at + timedelta(days=1))
    world.fill(
        other, "MNQZ6", Decimal(1), price=Decimal(24_500), at=at, category="FUT",
        multiplier=Decimal(2),
    )  # fmt: skip
    return Sample(world, "paper", "api_key", {"token": token, "query_id": query})
