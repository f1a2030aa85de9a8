from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI

from shared.domain.sync.service_level import (
    Completeness,
    RunCounts,
    ServiceLevel,
    Share,
    freshness,
)
from shared.http.fastapi_app import make_fastapi
from shared.http.public.service_levels import service_levels_router
from shared.journal.service_levels.queries import ServiceLevelQueries
from shared.ports import Create, Key
from tests.twins.manual_clock import START, ManualClock
from tests.twins.memory_documents import MemoryDocuments

DAYS = [START.date() - timedelta(days=n) for n in range(40)]


def level(day) -> ServiceLevel:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return ServiceLevel(
        broker="alpaca",
        day=day,
        as_of=at,
        success=Share(part=95, of=96),
        completeness=Completeness(days=Share(part=0, of=0), gap=0, unknown=0),
        freshness=freshness(at, [timedelta(minutes=3)], never=0, resting=0),
        runs=RunCounts(closed=95),
    )


@pytest.fixture
async def app() -> FastAPI:
    documents = MemoryDocuments()
    for day in DAYS:
        body = {
            "day": day.isoformat(),
            "level": level(day).model_dump(mode="json", round_trip=True),
        }
        await documents.commit([Create(Key("service_levels", (f"alpaca-{day}",)), body)])
    app = make_fastapi("test", "/v1/openapi.json", lifespan=None)
    app.include_router(service_levels_router(ServiceLevelQueries(documents, ManualClock())))
    return app


@pytest.fixture
async def http(app):
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def test_anybody_gets_the_last_thirty_days_newest_first(http):
    items = (await http.get("/v1/service-levels")).json()["items"]
    assert [one["day"] for one in items] == [day.isoformat() for day in DAYS[:30]]


async def test_one_day_is_today(http):
    items = (await http.get("/v1/service-levels?days=1")).json()["items"]
    assert [one["day"] for one in items] == [START.date().isoformat()]


async def test_every_rate_stands_beside_its_counts(http):
    [one] = (await http.get("/v1/service-levels?days=1")).json()["items"]
    assert one["success"] == {"part": 95, "of": 96, "rate": 95 / 96}
    assert one["completeness"]["days"] == {"part": 0, "of": 0, "rate": None}


@pytest.mark.parametrize("days", ["0", "367", "many"])
async def test_an_impossible_span_is_refused(http, days):
    answer = await http.get(f"/v1/service-levels?days={days}")
    assert answer.json()["type"] == "urn:daybias:problem:invalid-parameters"
