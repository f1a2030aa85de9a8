from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from shared.http.fastapi_app import make_fastapi
from shared.http.identity import LOCAL_USER, identify_local
from shared.http.journal.annotations import annotations_router
from shared.journal.annotations.store import Annotations
from tests.house import House
from tests.rows import fill, key_of, page
from tests.twins.memory_documents import MemoryDocuments

FIRST = fill("f1", "10", "300")
PLACE = f"/v1/annotations/round_trip/{key_of(FIRST)}"
SAID = {"note": "chased it", "tags": ["FOMO"], "plan": {"risk": "150"}, "rating": 2}


@pytest.fixture
async def house() -> House:
    made = House(MemoryDocuments())
    await made.store.store(page([FIRST], user=LOCAL_USER))
    return made


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    app = make_fastapi("test", "/v1/openapi.json")
    use = Annotations(house.documents, house.bus, house.clock, house.entropy)
    app.include_router(annotations_router(use, identify_local))
    with TestClient(app) as opened:
        yield opened


def test_what_is_put_is_listed(client: TestClient) -> None:
    put = client.put(PLACE, json=SAID).json()
    assert (put["tags"], put["plan"]["risk"]) == (["fomo"], "150")
    assert client.get("/v1/annotations").json()["items"] == [put]


def test_an_exclusion_is_put_with_its_reason_and_taken_back_without(client: TestClient) -> None:
    put = client.put(PLACE, json={**SAID, "excluded": "a test order"}).json()
    assert put["exclusion"]["reason"] == "a test order"
    assert client.put(PLACE, json=SAID).json()["exclusion"] is None


def test_what_is_deleted_is_gone(client: TestClient) -> None:
    client.put(PLACE, json=SAID)
    assert client.delete(PLACE).status_code == 204
    assert client.get("/v1/annotations").json()["items"] == []


@pytest.mark.parametrize(
    ("place", "body", "status"),
    [
        ("/v1/annotations/round_trip/nothing", SAID, 404),
        ("/v1/annotations/order/x", SAID, 422),
        (PLACE, {"rating": 9}, 422),
        (PLACE, {"mood": "good"}, 422),
    ],
)
def test_what_makes_no_sense_is_a_problem(
    client: TestClient, place: str, body: dict[str, object], status: int
) -> None:
    answer = client.put(place, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    )
