"""A small world of TopstepX to try things on."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from infra.simulators.brokers.topstepx.world import TopstepXWorld
from infra.simulators.brokers.world import Sample


def sample(now: Callable[[], datetime]) -> Sample:
    """Script a few fills of the last hour."""
    world = TopstepXWorld(now)
    world.add_login("simulated-user", "simulated-key")
    account = world.add_account("simulated-user", account_id=8_234_567, name="50KTC-V2-SIMULATED")
    at, contract = now() - timedelta(hours=1), f"CON.F.US.MES.H{now() + timedelta(days=120):%y}"
    world.fill(account, contract, "buy", 2, price=Decimal("5210.25"), at=at)
    world.fill(
        account, contract, "sell", 1, price=Decimal("5214.50"), at=at + timedelta(minutes=20)
    )
    login = {"user_name": "simulated-user", "api_key": "simulated-key"}
    return Sample(world, "live", "api_key", login)
