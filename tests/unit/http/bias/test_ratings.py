from datetime import date

import httpx
import pytest

from shared.bias.ratings import Ratings
from shared.config import BrokerSettings
from shared.wiring.roots.api import build_api
from tests.markets import Market, open_market

PATH = "/v1/ratings/SPY/2020-05-29/close"


@pytest.fixture
async def market() -> Market:
    market = await open_market()
    await market.service().bias("SPY")
    return market


@pytest.fixture
async def http(market, tmp_path):
    settings = BrokerSettings(profile="local", state_dir=tmp_path)
    transport = httpx.ASGITransport(build_api(settings=settings, foundation=market.foundation()))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def kept(market: Market) -> list[int]:
    ratings = Ratings(market.documents, market.clock, market.entropy)
    return [one.rating for one in await ratings.between(date(2020, 1, 1), date(2020, 12, 31))]


async def test_a_user_rates_reads_and_takes_back_their_own(http):
    given = await http.put(PATH, json={"rating": 4})
    listed = await http.get("/v1/ratings")
    gone = await http.delete(PATH)
    empty = await http.get("/v1/ratings")
    assert given.json()["rating"] == 4
    assert listed.json()["items"] == [given.json()]
    assert gone.status_code == 204
    assert empty.json() == {"items": []}


@pytest.mark.parametrize(("since", "found"), [("2020-05-29", 1), ("2020-05-30", 0)])
async def test_a_page_asks_only_for_the_sessions_that_it_shows(http, since, found):
    await http.put(PATH, json={"rating": 5})
    listed = await http.get("/v1/ratings", params={"since": since})
    assert len(listed.json()["items"]) == found


@pytest.mark.parametrize(
    ("path", "body", "answered"),
    [
        (PATH, {"rating": 6}, (422, "invalid-parameters")),
        (PATH, {"rating": 5, "user": "ann"}, (422, "invalid-parameters")),
        (PATH.replace("close", "noon"), {"rating": 5}, (422, "invalid-parameters")),
        (PATH.replace("SPY", "QQQ"), {"rating": 5}, (404, "not-found")),
    ],
    ids=["off the scale", "for somebody else", "at no moment of ours", "of no answer"],
)
async def test_a_rating_that_cannot_be_is_a_problem(http, market, path, body, answered):
    answer = await http.put(path, json=body)
    slug = answer.json()["type"].removeprefix("urn:daybias:problem:")
    assert (answer.status_code, slug) == answered
    assert await kept(market) == []


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_a_foreign_page_can_neither_rate_nor_take_back(http, market, method):
    await http.put(PATH, json={"rating": 5})
    foreign = {"Origin": "https://elsewhere.example"}
    answer = await http.request(method, PATH, json={"rating": 1}, headers=foreign)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:daybias:problem:not-loopback")
    assert await kept(market) == [5]
