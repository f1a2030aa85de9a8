"""A small world of OANDA to try things on."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from infra.simulators.brokers.oanda.world import OandaWorld
from infra.simulators.brokers.world import Sample


def sample(now: Callable[[], datetime]) -> Sample:
    """Script a few fills of the last hour."""
    world = OandaWorld(now, own_pages=True)
    token = "simulated-token"  # noqa: S105 - opens a simulator
    main = world.add_account(account_id="101-004-1435156-001", token=token)
    world.add_account(account_id="101-004-1435156-002", token=token)
    at = now() - timedelta(hours=1)
    world.fill(main, "EUR_USD", Decimal(10_000), price=Decimal("1.08450"), at=at)
    world.fill(
        main, "EUR_USD", Decimal(-4000), price=Decimal("1.08510"), at=at + timedelta(minutes=20)
    )
    return Sample(world, "practice", "api_key", {"token": token})
