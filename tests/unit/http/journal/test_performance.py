from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from shared.http.fastapi_app import make_fastapi
from shared.http.identity import LOCAL_USER, identify_local
from shared.http.journal.performance import performance_router
from shared.journal.performance.reporting import Performances
from shared.journal.performance.rules import PropRulesStore
from tests.house import House
from tests.rows import ACCOUNT, account_document, fill, page
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.no_prices import NoPrices

RULES = {"currency": "USD", "beginning": "50000", "begins_on": "2020-05-01", "daily_loss": "1000"}


@pytest.fixture
async def house() -> House:
    made = House(MemoryDocuments())
    await made.documents.commit([account_document(LOCAL_USER)])
    rows = [fill("w1", "10", "300", fee="1"), fill("w2", "-10", "305", minute=5)]
    await made.store.store(page(rows, user=LOCAL_USER))
    await made.settle()
    return made


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    ports = house.clock, house.entropy
    use = Performances(
        house.documents,
        house.clock,
        house.queries,
        PropRulesStore(house.documents, *ports),
        NoPrices(),
    )
    app = make_fastapi("test", "/v1/openapi.json")
    app.include_router(performance_router(use, identify_local))
    with TestClient(app) as opened:
        yield opened


def test_a_report_has_every_figure_as_text(client: TestClient) -> None:
    found = client.get("/v1/performance", params={"by": ["hour", "instrument"]}).json()
    assert found["currencies"][0]["figures"]["net"] == "49"
    assert found["currencies"][0]["figures"]["gross"] == "50"
    assert [group["by"] for group in found["groups"]] == ["hour", "instrument"]


def test_rules_are_put_and_taken_away(client: TestClient) -> None:
    place = f"/v1/accounts/{ACCOUNT}/rules"
    assert client.put(place, json=RULES).status_code == 204
    states = client.get("/v1/performance").json()["rules"][0]["states"]
    assert [(state["rule"], state["left"]) for state in states] == [("daily_loss", "1000")]
    assert client.delete(place).status_code == 204
    assert client.get("/v1/performance").json()["rules"] == []


@pytest.mark.parametrize(
    ("query", "status"),
    [({"by": "mood"}, 422), ({"zone": "Mars"}, 422), ({"into": "$"}, 422), ({"since": "x"}, 422)],
)
def test_a_question_that_makes_no_sense_is_a_problem(
    client: TestClient, query: dict[str, str], status: int
) -> None:
    answer = client.get("/v1/performance", params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    )


def test_rules_of_an_account_that_is_not_there_are_refused(client: TestClient) -> None:
    assert client.put("/v1/accounts/nobody/rules", json=RULES).status_code == 400
