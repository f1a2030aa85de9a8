"""A small world of TradeStation to try things on."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from infra.simulators.brokers.tradestation.world import TradeStationWorld
from infra.simulators.brokers.world import Sample


def sample(now: Callable[[], datetime]) -> Sample:
    """Script a few fills of the last hour."""
    world = TradeStationWorld(now)
    key = world.add_key("simulated-id", "simulated-secret")
    margin = world.add_account("11223344")
    world.add_account("210F5566", kind="Futures")
    at = now() - timedelta(hours=1)
    world.fill(margin, "SPY", "Buy", Decimal(100), price=Decimal("512.34"), at=at)
    login = {
        "client_id": key.client_id,
        "client_secret": key.client_secret,
        "refresh_token": world.sign_in(key),
    }
    return Sample(world, "live", "oauth", login)
