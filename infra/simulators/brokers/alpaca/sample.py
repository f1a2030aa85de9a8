"""A small world of Alpaca to try things on."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from infra.simulators.brokers.alpaca.world import AlpacaWorld
from infra.simulators.brokers.world import Sample


def sample(now: Callable[[], datetime]) -> Sample:
    """Script a few fills of the last hour."""
    world = AlpacaWorld(now)
    account = world.add_account(
        account_id="7c1f0a52-3a1e-4b0d-9d8f-0a6be21f4c11",
        number="PA3DAYBIAS01",
        key="PKSIMULATED",
        secret="simulated-secret",  # noqa: S106 - opens a simulator
    )
    at = now() - timedelta(hours=1)
    parts = [(Decimal(60), Decimal("178.21")), (Decimal(40), Decimal("178.22"))]
    world.order(account, "AAPL", "buy", [(qty, price, at) for qty, price in parts])
    login = {"key_id": "PKSIMULATED", "secret_key": "simulated-secret"}
    return Sample(world, "paper", "api_key", login)
