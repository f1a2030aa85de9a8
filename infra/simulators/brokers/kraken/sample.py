"""A small world of Kraken to try things on."""

from base64 import b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from infra.simulators.brokers.kraken.world import KrakenWorld
from infra.simulators.brokers.world import Sample


def sample(now: Callable[[], datetime]) -> Sample:
    """Script a few trades of the last hours, one with its fee in coins, and an instant purchase."""
    world, secret = KrakenWorld(now), b64encode(b"simulated-secret" * 4).decode()
    account = world.add_account()
    world.add_key(account, "SIMULATEDKEY", secret)
    at = now() - timedelta(hours=3)
    world.enter(account, "ZUSD", Decimal(5000), at=at, kind="deposit")
    price, fee, at = Decimal("91234.5"), Decimal("2.3721"), now() - timedelta(hours=1)
    world.fill(account, "XXBTZUSD", "buy", Decimal("0.01"), price=price, at=at, fee=fee)
    world.fill(
        account, "XXBTZUSD", "buy", Decimal("0.005"), price=price, at=at, fee=fee, fee_asset="XXBT"
    )
    world.buy_at_once(account, ("ZUSD", Decimal(100)), ("ADA", Decimal(240)), at=at)
    return Sample(world, "live", "api_key", {"api_key": "SIMULATEDKEY", "private_key": secret})
