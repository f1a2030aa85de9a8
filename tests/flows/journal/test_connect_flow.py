"""From a consent in the browser to a journal, and out again, over the functions as deployed."""

import json
from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import httpx

from infra.local.gateway import Gateway
from infra.simulators.brokers.schwab.world import SchwabWorld
from infra.simulators.brokers.transport import SimulatorTransport
from infra.simulators.brokers.wire import Call
from tests.twins.manual_clock import ManualClock

SITE = "http://localhost"
CALLBACK = f"{SITE}/v1/oauth/callback"
APPLICATION = {"client_id": "our-app", "client_secret": "our-secret", "redirect_uri": CALLBACK}
ASKED = {"auth": "oauth", "broker": "schwab", "environment": "live", "label": "mine"}


async def test_a_consent_brings_the_journal_and_a_deletion_leaves_it(tmp_path):
    clock = ManualClock()
    world = SchwabWorld(clock.now)
    world.add_app("our-app", "our-secret", CALLBACK)
    account = world.add_account("48217735")
    at = clock.now() - timedelta(days=1)
    world.fill(account, "KO", "buy", Decimal(5), price=Decimal("69.01"), at=at)
    transport = SimulatorTransport(world.handle)
    async with (
        Gateway(tmp_path / "state", clock=clock, transport=transport) as gateway,
        httpx.AsyncClient(transport=httpx.ASGITransport(gateway.app), base_url=SITE) as browser,
    ):
        await gateway.foundation.secrets.add("oauth-schwab", json.dumps(APPLICATION).encode())
        begun = (await browser.post("/v1/connections", json=ASKED)).json()
        sent = urlsplit(begun["authorize_url"])
        query = {name: values[0] for name, values in parse_qs(sent.query).items()}
        consented = world.handle(Call("GET", sent.netloc, sent.path, query, {}))
        returned = await browser.get(consented.headers["location"])
        [made] = (await browser.get("/v1/connections")).json()["items"]
        path = f"/v1/connections/{made['connection_id']}"
        await gateway.tick("schwab")
        await gateway.drain()
        held = (await browser.get("/v1/positions")).json()["items"]
        paused = (await browser.patch(path, json={"paused": True})).json()
        gone = await browser.delete(path)
        left = (await browser.get("/v1/positions")).json()["items"]
    assert (returned.status_code, returned.headers["location"]) == (303, "/")
    assert [(one["symbol"], one["quantity"]) for one in held] == [("KO", "5")]
    assert (paused["health"]["state"], gone.status_code, left) == ("paused", 204, held)
