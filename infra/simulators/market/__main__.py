"""The simulated providers' door for people: `python -m infra.simulators.market PORT`."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from infra.simulators.brokers.http_door import serve
from infra.simulators.brokers.wire import Answer, Call
from infra.simulators.brokers.world import World
from infra.simulators.market.alpaca import AlpacaMarketWorld
from infra.simulators.market.cboe import CboeWorld
from infra.simulators.market.databento import Contract, DatabentoWorld
from infra.simulators.market.forexfactory import ForexFactoryWorld
from infra.simulators.market.oanda import OandaMarketWorld
from infra.simulators.market.prints import Print, walk
from shared.domain.time import NEW_YORK
from shared.market.registry import load_series

_NAMES = ("alpaca", "cboe", "databento", "forexfactory", "oanda")


def worlds(now: Callable[[], datetime], *, days: int = 400) -> dict[str, World]:
    """Script every series at each provider, from days ago to a week from now; by provider."""
    prints: dict[str, dict[str, list[Print]]] = {}
    today = now().date()
    first, last = today - timedelta(days=days), today + timedelta(days=7)
    for seed, market in enumerate(load_series().values()):
        for provider, named in market.providers.items():
            walked = walk(market, first, last, seed=seed)
            prints.setdefault(provider, {})[named] = walked
    contracts = {
        named.partition(".")[0]: [Contract(seed, first, tuple(walked))]
        for seed, (named, walked) in enumerate(prints["databento"].items(), start=1)
    }
    return {
        "alpaca": AlpacaMarketWorld(now=now, prints=prints["alpaca"]),
        "cboe": CboeWorld(now=now, prints=prints["cboe"]),
        "databento": DatabentoWorld(now=now, contracts=contracts),
        "forexfactory": ForexFactoryWorld(now=now, body=_week(today)),
        "oanda": OandaMarketWorld(now=now, prints=prints["oanda"]),
    }


def _week(today: date) -> bytes:
    noon = datetime(today.year, today.month, today.day, 12, tzinfo=NEW_YORK).isoformat()
    row = {"title": "CPI m/m", "country": "USD", "date": noon, "impact": "High"}
    return json.dumps([row | {"forecast": "0.3%", "previous": "0.2%"}]).encode()


def route(found: dict[str, World], call: Call) -> Answer:
    """Let the world answer whose path it is."""
    if call.path.startswith("/v3/"):
        return found["oanda"].handle(call)
    if call.path.startswith("/v0/"):
        return found["databento"].handle(call)
    if call.path.startswith("/ff_"):
        return found["forexfactory"].handle(call)
    if call.path.startswith("/api/global/"):
        return found["cboe"].handle(call)
    return found["alpaca"].handle(call)


def how_to_connect(base_url: str) -> str:
    """Write the settings that let Daybias ask the worlds that are served."""
    hosts = json.dumps(dict.fromkeys(_NAMES, base_url))
    return "\n".join(
        [
            f"export DAYBIAS_MARKET_HOSTS='{hosts}'",
            "export DAYBIAS_ALPACA_DATA_KEY_ID=PKSIMULATED",
            "export DAYBIAS_ALPACA_DATA_SECRET_KEY=simulated-secret",
            "export DAYBIAS_OANDA_DATA_TOKEN=simulated-token",
            "export DAYBIAS_DATABENTO_KEY=db-simulated",
            "export DAYBIAS_FOREXFACTORY=true",
        ]
    )


def main(port: str) -> None:
    """Serve all providers until Enter is pressed."""
    found = worlds(lambda: datetime.now(UTC))
    with serve(lambda call: route(found, call), int(port)) as base_url:
        print(how_to_connect(base_url))
        input("Enter ends it.\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
