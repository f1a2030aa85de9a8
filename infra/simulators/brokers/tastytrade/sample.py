"""A small world of tastytrade to try things on."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from infra.simulators.brokers.tastytrade.world import TastytradeWorld
from infra.simulators.brokers.world import Sample


def sample(now: Callable[[], datetime]) -> Sample:
    """Script a few fills of the last hour."""
    world = TastytradeWorld(now)
    client = world.add_client("simulated-id", "simulated-secret")
    account = world.add_account("5WT00001")
    world.add_account("5WT00009", kind="Old", closed=True)
    at = now() - timedelta(hours=1)
    fees = {"clearing-fees": Decimal("0.048")}
    world.fill(
        account, "AAPL", "Buy to Open", Decimal(60), price=Decimal("178.21"), at=at, fees=fees
    )
    option, action = "SPY   260320P00550000", "Sell to Open"
    world.fill(account, option, action, Decimal(2), price=Decimal("1.25"), at=at)
    login = {
        "client_secret": client.secret,
        "refresh_token": world.grants.grant(client).refresh_token,
    }
    return Sample(world, "live", "oauth", login)
