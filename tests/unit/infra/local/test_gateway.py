from inspect import isawaitable

import httpx
import pytest

from infra.local.gateway import Gateway, serving
from infra.package import function_names
from shared.config import BiasSettings, BrokerSettings, Settings
from shared.ports import Outgoing, Query
from shared.wiring.roots.api import build_api
from shared.wiring.roots.bias import build_bias
from shared.wiring.roots.web import build_web
from tests.twins.manual_clock import ManualClock


@pytest.fixture
async def gateway(tmp_path):
    async with Gateway(tmp_path / "state", clock=ManualClock(), notice="a replay") as gateway:
        yield gateway


async def test_every_deployable_is_mounted(gateway):
    assert sorted(gateway.functions) == function_names()


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/", "<!doctype html>"),
        ("/v1/bias", '{"entries":'),
        ("/v1/summary", '{"executions":0'),
        ("/functions/web/status", '{"profile":"local"'),
    ],
)
async def test_one_port_serves_the_page_and_both_apis(gateway, path, shape):
    assert (await gateway.get(path)).text.startswith(shape)


def routes_of(app):
    own = [route.path for route in app.routes if hasattr(route, "path")]
    return [*own, *(app.openapi()["paths"] if hasattr(app, "openapi") else ())]


@pytest.mark.parametrize(
    ("name", "build", "kind"),
    [
        ("bias", build_bias, BiasSettings),
        ("api", build_api, BrokerSettings),
        ("web", build_web, Settings),
    ],
)
async def test_every_route_of_a_function_leads_to_it(gateway, tmp_path, name, build, kind):
    settings = kind(profile="local", state_dir=tmp_path)
    app = build(settings=settings, foundation=gateway.foundation)
    paths = routes_of(await app if isawaitable(app) else app)
    assert len(paths) > 3
    assert {path: serving(path) for path in paths} == dict.fromkeys(paths, name)


async def test_the_page_says_that_it_is_a_replay_and_of_when(gateway):
    status = (await gateway.get("/status")).json()
    assert (status["notice"], status["now"]) == ("a replay", "2020-05-29T12:15:00Z")


async def test_the_scheduler_ticks_through_the_deployed_entry_point(gateway):
    assert await gateway.tick("alpaca") == {"due": 0, "published": 0}


async def test_a_replay_asks_nobody_who_needs_no_key(tmp_path, monkeypatch):
    monkeypatch.setenv("DAYBIAS_CBOE", "true")
    monkeypatch.setenv("DAYBIAS_MARKET_HOSTS", '{"cboe": "http://127.0.0.1:1"}')
    async with Gateway(tmp_path / "state", clock=ManualClock()) as replay:
        assert (await replay.run("refresh_market"))["failures"] == []


async def test_a_message_that_nobody_can_read_is_drained_into_the_dead_messages(gateway):
    await gateway.foundation.bus.publish([Outgoing("executions", b"{}")])
    drained = await gateway.drain()
    dead = await gateway.foundation.documents.scan(Query("dead_messages", (), order_by="at_us"))
    assert (drained.acknowledged, len(dead.documents)) == (1, 1)


@pytest.mark.parametrize("path", ["/", "/v1/summary", "/functions/sync_alpaca"])
async def test_a_rebound_name_is_refused_at_every_door(gateway, path):
    transport = httpx.ASGITransport(gateway.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://evil.example") as http:
        assert (await http.post(path)).status_code == 403


async def test_a_foreign_page_cannot_post(gateway):
    transport = httpx.ASGITransport(gateway.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as http:
        answer = await http.post("/v1/bias/record", headers={"origin": "https://evil.example"})
    assert answer.status_code == 403


async def test_a_function_that_is_not_there_is_a_problem(gateway):
    answer = await gateway.get("/functions/nothing")
    assert answer.json()["type"] == "urn:daybias:problem:unknown-route"
