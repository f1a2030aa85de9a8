import httpx
from fastapi import FastAPI

from shared.bias.ratings import Ratings
from shared.http.bias.ratings import ratings_router
from shared.http.identity import identify_local
from tests.markets import open_market


async def test_a_user_rates_reads_and_takes_back_their_own():
    market = await open_market()
    await market.service().bias("SPY")
    app = FastAPI()
    ratings = Ratings(market.documents, market.clock, market.entropy)
    app.include_router(ratings_router(ratings, identify_local))
    transport = httpx.ASGITransport(app)
    path = "/v1/ratings/SPY/2020-05-29/close"
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        given = await client.put(path, json={"rating": 4})
        listed = await client.get("/v1/ratings")
        refused = await client.put(path, json={"rating": 6})
        gone = await client.delete(path)
        empty = await client.get("/v1/ratings")
    assert given.json()["rating"] == 4
    assert [one["instrument"] for one in listed.json()["items"]] == ["SPY"]
    assert (refused.status_code, gone.status_code) == (422, 204)
    assert empty.json() == {"items": []}
