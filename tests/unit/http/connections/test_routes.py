import json
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from infra.simulators.brokers import faults
from infra.simulators.brokers.schwab.world import SchwabWorld
from infra.simulators.brokers.transport import SimulatorTransport
from infra.simulators.brokers.wire import Call
from shared.adapters.memory_cache import MemoryCache
from shared.config import BrokerSettings
from shared.http.connections.routes import SESSION_COOKIE, connections_router
from shared.http.identity import identify_local, identify_nobody
from shared.http.journal.app import api_app
from shared.journal.queries import JournalQueries
from shared.wiring.foundation import Foundation
from shared.wiring.roots.api import connection_desk
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_bus import MemoryBus
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.memory_secrets import MemorySecrets
from tests.twins.seeded_entropy import SeededEntropy

SECRET, KEY = "our-app-secret", "a very secret key"
CALLBACK = "https://127.0.0.1:8182/v1/oauth/callback"
IN_BROWSER = {"auth": "oauth", "broker": "schwab", "environment": "live", "label": "mine"}
BY_KEYS = {
    "auth": "api_key",
    "broker": "alpaca",
    "environment": "paper",
    "label": "mine",
    "credentials": {"key_id": "PK1", "secret_key": KEY},
}


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def world(clock):
    world = SchwabWorld(clock.now)
    world.add_account("48217735")
    world.add_app("our-app", SECRET, CALLBACK)
    return world


@pytest.fixture
async def base(clock):
    base = Foundation(
        MemoryDocuments(), MemoryBus(), MemorySecrets(), clock, SeededEntropy(1), MemoryCache(clock)
    )
    known = {"client_id": "our-app", "client_secret": SECRET, "redirect_uri": CALLBACK}
    await base.secrets.add("oauth-schwab", json.dumps(known).encode())
    return base


def browser(base, world, identify=identify_local, *, secure=False) -> httpx.AsyncClient:
    desk = connection_desk(BrokerSettings(), base, SimulatorTransport(world.handle))
    app = api_app(JournalQueries(base.documents), identify)
    app.include_router(connections_router(desk, identify, secure=secure))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://localhost"
    )


@pytest.fixture
async def http(base, world):
    async with browser(base, world) as http:
        yield http


async def back_from_schwab(http, world, path="/v1/connections", body=IN_BROWSER) -> str:
    """Begin, consent at Schwab, and return the path that it sends the browser to."""
    begun = await http.post(path, json=body)
    url = urlsplit(begun.json()["authorize_url"])
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    answered = world.handle(Call("GET", url.netloc, url.path, query, {}))
    return answered.headers["location"].removeprefix("https://127.0.0.1:8182")


async def listed(http):
    return (await http.get("/v1/connections")).json()["items"]


# --------------------------------------------------------------------------------- connecting


async def test_keys_make_a_connection_that_shows_no_key(http):
    answer = await http.post("/v1/connections", json=BY_KEYS)
    assert (answer.status_code, answer.json()["health"]["state"]) == (201, "active")
    assert [text for text in (KEY, "sealed") if text in answer.text] == []
    assert await listed(http) == [answer.json()]


async def test_a_user_is_told_before_and_after_what_the_broker_cannot_do(http, world):
    begun = (await http.post("/v1/connections", json=IN_BROWSER)).json()
    await http.get(await back_from_schwab(http, world))
    [made] = await listed(http)
    assert any("7 days" in notice for notice in made["notices"])
    assert begun["notices"] == made["notices"]


@pytest.mark.parametrize(
    ("changed", "slug"),
    [
        pytest.param({"broker": "nobody"}, "invalid-input", id="broker"),
        pytest.param({"environment": "moon"}, "invalid-input", id="environment"),
        pytest.param({"credentials": {"secret_key": KEY}}, "invalid-input", id="field missing"),
        pytest.param({"credentials": {"secret_key": [KEY]}}, "invalid-parameters", id="list"),
        pytest.param({"credentials": KEY}, "invalid-parameters", id="no fields"),
        pytest.param({"key": KEY}, "invalid-parameters", id="stray field"),
        pytest.param({"label": ""}, "invalid-parameters", id="no label"),
        pytest.param({"auth": "password"}, "invalid-parameters", id="login"),
    ],
)
async def test_bad_input_is_a_problem_that_quotes_no_secret(http, changed, slug):
    answer = await http.post("/v1/connections", json=BY_KEYS | changed)
    assert answer.json()["type"] == f"urn:daybias:problem:{slug}"
    assert KEY not in answer.text
    assert await listed(http) == []


# ------------------------------------------------------------------------------ in the browser


async def test_a_consent_in_the_browser_ends_at_the_dashboard_with_a_connection(http, world):
    answer = await http.get(await back_from_schwab(http, world))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert [(one["broker"], one["label"]) for one in await listed(http)] == [("schwab", "mine")]


@pytest.mark.parametrize("secure", [False, True])
async def test_no_script_and_no_other_site_gets_the_session(base, world, secure):
    async with browser(base, world, secure=secure) as http:
        answer = await http.post("/v1/connections", json=IN_BROWSER)
    _, *marks = answer.headers["set-cookie"].split("; ")
    assert set(marks) == {"HttpOnly", "SameSite=lax", "Path=/v1"} | (
        {"Secure"} if secure else set()
    )


async def test_two_consents_of_one_browser_share_its_session(http, world):
    first = await back_from_schwab(http, world)
    session = http.cookies[SESSION_COOKIE]
    await http.post("/v1/connections", json=IN_BROWSER)
    assert http.cookies[SESSION_COOKIE] == session
    assert (await http.get(first)).status_code == 303


async def test_a_session_that_is_not_ours_is_replaced(http):
    http.cookies.set(SESSION_COOKIE, "guessable")
    answer = await http.post("/v1/connections", json=IN_BROWSER)
    assert f"{SESSION_COOKIE}=guessable" not in answer.headers["set-cookie"]


async def test_another_browser_cannot_finish_a_consent(http, base, world):
    path = await back_from_schwab(http, world)
    async with browser(base, world) as other:
        answer = await other.get(path)
    assert (answer.status_code, "another browser" in answer.json()["detail"]) == (400, True)
    assert await listed(http) == []


async def test_a_refusal_says_what_to_do_and_quotes_nothing(http, world, caplog):
    path = await back_from_schwab(http, world)
    world.faults.plan(faults.timeout())
    answer = await http.get(path)
    assert (answer.status_code, answer.json()["type"]) == (
        502,
        "urn:daybias:problem:consent-failed",
    )
    assert "begin to connect again" in answer.json()["detail"]
    code = parse_qs(urlsplit(path).query)["code"][0]
    assert "consent.failed" in caplog.text
    assert [text for text in (SECRET, code) if text in answer.text + caplog.text] == []


async def test_a_user_who_declines_at_the_broker_is_told_so(http, world):
    path = await back_from_schwab(http, world)
    state = parse_qs(urlsplit(path).query)["state"][0]
    answer = await http.get(f"/v1/oauth/callback?error=access_denied&state={state}")
    assert (answer.status_code, "gave no consent" in answer.json()["detail"]) == (400, True)


async def test_a_missing_registration_names_the_secret_to_add(http):
    asked = {**IN_BROWSER, "broker": "tradestation"}
    answer = await http.post("/v1/connections", json=asked)
    assert answer.status_code == 500
    assert "oauth-tradestation" in answer.json()["expected"][0]


# ---------------------------------------------------------------------------------------- care


async def test_a_connection_is_renamed_and_paused_and_resumed(http):
    made = (await http.post("/v1/connections", json=BY_KEYS)).json()
    path = f"/v1/connections/{made['connection_id']}"
    changed = (await http.patch(path, json={"label": "other", "paused": True})).json()
    assert (changed["label"], changed["health"]["state"]) == ("other", "paused")
    resumed = (await http.patch(path, json={"paused": False})).json()
    assert (resumed["label"], resumed["health"]["state"]) == ("other", "active")


async def test_a_deleted_connection_is_gone_with_its_secrets(http, base):
    made = (await http.post("/v1/connections", json=BY_KEYS)).json()
    path = f"/v1/connections/{made['connection_id']}"
    assert (await http.delete(path)).status_code == 204
    assert (await http.delete(path)).status_code == 404
    assert [key for key in base.documents._rows if key.collection == "connections"] == []


async def test_a_test_names_the_accounts_that_the_login_reaches(http, world):
    await http.get(await back_from_schwab(http, world))
    [made] = await listed(http)
    tested = (await http.post(f"/v1/connections/{made['connection_id']}/test")).json()
    assert (tested["accounts"], tested["fault"]) == (["48217735"], None)


async def test_a_test_that_fails_says_why_and_the_consent_can_be_given_again(http, world):
    await http.get(await back_from_schwab(http, world))
    [made] = await listed(http)
    path = f"/v1/connections/{made['connection_id']}"
    for consent in world.logins._consents:
        world.logins.revoke(consent)
    tested = (await http.post(f"{path}/test")).json()
    assert ("log in again" in tested["fault"], tested["accounts"]) == (True, [])
    assert tested["connection"]["health"]["state"] == "needs_reauth"
    await http.get(await back_from_schwab(http, world, f"{path}/consent", None))
    [again] = await listed(http)
    assert (again["connection_id"], again["health"]["state"]) == (made["connection_id"], "active")


ROUTES = [
    ("GET", "/v1/connections", None),
    ("POST", "/v1/connections", BY_KEYS),
    ("POST", "/v1/connections", IN_BROWSER),
    ("PATCH", "/v1/connections/c1", {"paused": True}),
    ("DELETE", "/v1/connections/c1", None),
    ("POST", "/v1/connections/c1/test", None),
    ("POST", "/v1/connections/c1/consent", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_nobody_connects_in_the_cloud_before_there_is_sign_in(
    base, world, method, path, body
):
    async with browser(base, world, identify_nobody) as http:
        assert (await http.request(method, path, json=body)).status_code == 401


@pytest.mark.parametrize(("method", "path", "body"), ROUTES[3:])
async def test_a_connection_that_is_not_there_is_not_found(http, method, path, body):
    answer = await http.request(method, path, json=body)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:daybias:problem:not-found")


# ------------------------------------------------------------------------------------- brokers


async def test_every_broker_says_how_it_is_connected(http):
    found = {one["broker"]: one for one in (await http.get("/v1/brokers")).json()["items"]}
    assert found["alpaca"]["keys"] == ["key_id", "secret_key"]
    assert (found["schwab"]["keys"], found["schwab"]["consent"]) == ([], ["live"])
    assert found["oanda"]["consent"] == []
