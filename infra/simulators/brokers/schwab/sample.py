"""A small world of Schwab to try things on."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from infra.simulators.brokers.schwab.world import SchwabWorld
from infra.simulators.brokers.world import Sample


def sample(now: Callable[[], datetime]) -> Sample:
    """Script a few fills of the last hour."""
    world = SchwabWorld(now)
    app = world.add_app("simulated-key", "simulated-secret")
    margin = world.add_account("12345678")
    world.add_account("87654321", kind="CASH")
    at = now() - timedelta(hours=1)
    fees = {"TAF_FEE": Decimal("0.01")}
    world.fill(margin, "AAPL", "buy", Decimal(100), price=Decimal("178.21"), at=at, fees=fees)
    login = {
        "client_id": app.key,
        "client_secret": app.secret,
        "refresh_token": world.log_in(app).refresh_token,
    }
    return Sample(world, "live", "oauth", login)
