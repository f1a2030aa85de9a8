from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from shared.http.accounts.books import Books, books_router
from shared.http.fastapi_app import make_fastapi
from shared.http.identity import LOCAL_USER, identify_local
from shared.journal.reconciliation.stated import StatedLots
from shared.journal.upkeep.cost_method import CostMethods
from tests.house import House
from tests.rows import ACCOUNT

PLACE = f"/v1/accounts/{ACCOUNT}"


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    ports = house.documents, house.bus, house.clock, house.entropy
    books = Books(StatedLots(*ports), CostMethods(*ports))
    app = make_fastapi("test", "/v1/openapi.json")
    app.include_router(books_router(books, house.queries, identify_local))
    with TestClient(app) as opened:
        yield opened


async def test_an_opening_lot_is_stated_and_taken_back(client: TestClient, house: House) -> None:
    stated = {"quantity": "5", "price": "90", "held_at": "2020-05-01T00:00:00Z"}
    told = client.put(f"{PLACE}/opening-lots/SPY", json=stated).json()
    assert (told["origin"], told["quantity"], told["price"]) == ("stated", "5", "90")
    assert [lot.origin for lot in await house.queries.opening_lots(LOCAL_USER, ACCOUNT)] == [
        "stated"
    ]
    assert client.delete(f"{PLACE}/opening-lots/SPY").status_code == 204
    assert client.delete(f"{PLACE}/opening-lots/SPY").status_code == 404


@pytest.mark.parametrize(
    "wrong", [{"price": "-1"}, {"quantity": 0.5}, {"held_at": "yesterday"}, {"cost": "1"}]
)
def test_a_lot_that_is_no_lot_is_refused(client: TestClient, wrong: dict[str, object]) -> None:
    stated = {"quantity": "5", "held_at": "2020-05-01T00:00:00Z", **wrong}
    assert client.put(f"{PLACE}/opening-lots/SPY", json=stated).status_code == 422


async def test_an_accounts_cost_method_is_chosen(client: TestClient, house: House) -> None:
    assert client.put(f"{PLACE}/cost-method", json={"method": "average"}).status_code == 204
    assert [a.cost_method for a in await house.queries.accounts(LOCAL_USER)] == ["average"]
    assert client.put(f"{PLACE}/cost-method", json={"method": "lifo"}).status_code == 422
    other = client.put("/v1/accounts/nobody/cost-method", json={"method": "fifo"})
    assert other.status_code == 400
