"""A small world of Tradovate to try things on."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from infra.simulators.brokers.tradovate.world import TradovateWorld
from infra.simulators.brokers.world import Sample


def sample(now: Callable[[], datetime]) -> Sample:
    """Script a few fills of the last hour, in two accounts of one login."""
    world, at = TradovateWorld(now), now() - timedelta(hours=1)
    login = {
        "user_name": "simulated-user",
        "password": "simulated-password",
        "cid": "8123",
        "secret": "simulated-secret",
    }
    world.add_login(login["user_name"], login["password"], cid=8123, secret=login["secret"])
    contract = f"MNQH{(now() + timedelta(days=120)).year % 10}"
    for place, name in enumerate(("DEMO4066902", "EVAL50K-0007")):
        account = world.add_account(
            "simulated-user",
            account_id=54_066_902 + place,
            name=name,
            opened_at=now() - timedelta(days=30),
        )
        later = at + timedelta(minutes=20)
        world.fill(account, contract, "buy", 2, price=Decimal("25210.25"), at=at)
        world.fill(account, contract, "sell", 1, price=Decimal("25214.50"), at=later)
    return Sample(world, "demo", "api_key", login)
