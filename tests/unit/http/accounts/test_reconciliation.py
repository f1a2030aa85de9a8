from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from shared.http.accounts.reconciliation import reconciliation_router
from shared.http.fastapi_app import make_fastapi
from shared.http.identity import identify_local
from tests.house import House
from tests.rows import ACCOUNT

PLACE = f"/v1/accounts/{ACCOUNT}"


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    app = make_fastapi("test", "/v1/openapi.json")
    app.include_router(reconciliation_router(house.reconcile, house.queries, identify_local))
    with TestClient(app) as opened:
        yield opened


def test_an_account_is_held_against_its_broker_on_demand(client: TestClient) -> None:
    found = client.post(f"{PLACE}/reconcile").json()
    assert (found["state"], found["reason"]) == (
        "unknown",
        "the broker has not reported positions yet",
    )


def test_differences_and_opening_lots_are_listed(client: TestClient) -> None:
    assert client.get(f"{PLACE}/discrepancies").json() == {"items": []}
    assert client.get(f"{PLACE}/opening-lots").json() == {"items": []}


def test_what_does_not_differ_cannot_be_acknowledged(client: TestClient) -> None:
    answer = client.put(f"{PLACE}/discrepancies/SPY", json={"note": "known"})
    assert answer.status_code == 404


def test_another_users_account_is_refused(client: TestClient) -> None:
    assert client.post("/v1/accounts/nobody/reconcile").status_code == 400


def test_the_symbol_of_a_pair_can_be_named(client: TestClient) -> None:
    answer = client.put(f"{PLACE}/discrepancies/BTC%2FUSD", json={"note": "known"})
    assert (answer.status_code, "BTC/USD" in answer.json()["detail"]) == (404, True)
