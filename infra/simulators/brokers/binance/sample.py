"""A small world of Binance to try things on."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from infra.simulators.brokers.binance.world import BinanceWorld
from infra.simulators.brokers.world import Sample

_KEY = "simulated-key"


def sample(now: Callable[[], datetime]) -> Sample:
    """Script a few trades of both markets in the last hours."""
    world = BinanceWorld(now)
    secret = "simulated-secret"  # noqa: S105 - opens a simulator
    user = world.add_user(354_937_868, _KEY, secret)
    user.funds |= {"USDT": Decimal(2000), "BNB": Decimal("0.1")}
    at, price = now() - timedelta(hours=3), Decimal("91234.56")
    fee = (Decimal("0.00075"), "BNB")
    world.fill(user, "BTCUSDT", "BUY", Decimal("0.01"), price=price, at=at, fee=fee)
    coins = (Decimal("0.00001"), "BTC")
    later = at + timedelta(hours=1)
    world.fill(user, "BTCUSDT", "BUY", Decimal("0.01"), price=price, at=later, fee=coins)
    world.contract(user, "BTCUSDT", "SELL", Decimal("0.01"), price=price, at=at)
    world.income(user, "FUNDING_FEE", Decimal("-0.0451"), at=later, symbol="BTCUSDT")
    return Sample(world, "live", "api_key", {"api_key": _KEY, "secret": secret})
