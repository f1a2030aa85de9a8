from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from shared.http.fastapi_app import make_fastapi
from shared.http.identity import identify_local
from shared.http.journal.exchange import exchange_router
from shared.journal.exports import Export
from shared.journal.imports.importing import ImportExecutions
from tests.house import House
from tests.twins.memory_documents import MemoryDocuments

MAPPING = {
    "account": "old broker",
    "columns": {
        "execution_id": "Id",
        "executed_at": ["When"],
        "symbol": "Symbol",
        "quantity": "Qty",
        "price": "Price",
    },
}
CSV = "Id,When,Symbol,Qty,Price\n1,2020-05-20T15:00:00Z,SPY,10,300\n"


@pytest.fixture
def house() -> House:
    return House(MemoryDocuments())


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    app = make_fastapi("test", "/v1/openapi.json")
    imports = ImportExecutions(house.documents, house.bus, house.clock, house.entropy)
    app.include_router(
        exchange_router(imports, Export(house.documents), house.queries, identify_local)
    )
    with TestClient(app) as opened:
        yield opened


def test_a_preview_answers_with_counts_by_day(client: TestClient) -> None:
    answer = client.post("/v1/imports", json={"mapping": MAPPING, "csv": CSV, "preview": True})
    assert answer.json()["days"] == [{"day": "2020-05-20", "new": 1, "revised": 0, "same": 0}]
    assert answer.json()["run"] == 0


async def test_an_import_is_exported_again(client: TestClient, house: House) -> None:
    assert client.post("/v1/imports", json={"mapping": MAPPING, "csv": CSV}).json()["run"] == 1
    await house.settle()
    found = client.get("/v1/exports/executions")
    assert found.text.splitlines()[1].split(",")[3] == "SPY"
    assert found.headers["content-disposition"].endswith('"daybias-executions.csv"')


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"mapping": MAPPING, "csv": CSV.replace("10", "ten")}, 400, "line 2"),
        ({"mapping": MAPPING, "csv": "A,B\n"}, 400, "no column"),
        ({"mapping": {**MAPPING, "zone": "Mars"}, "csv": CSV}, 422, "zone"),
        ({"mapping": MAPPING}, 422, "csv"),
    ],
)
def test_what_cannot_be_read_is_a_problem_that_says_why(
    client: TestClient, asked: dict[str, object], status: int, said: str
) -> None:
    answer = client.post("/v1/imports", json=asked)
    assert (answer.status_code, said in answer.text) == (status, True)
    assert answer.headers["content-type"] == "application/problem+json"


def test_another_users_account_is_not_exported(client: TestClient) -> None:
    answer = client.get("/v1/exports/executions", params={"account": "nobody"})
    assert (answer.status_code, answer.json()["type"][-13:]) == (400, "invalid-input")
