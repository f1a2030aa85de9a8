from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from shared.http.accounts.erasure import erasure_router
from shared.http.fastapi_app import make_fastapi
from shared.http.identity import LOCAL_USER, identify_local
from shared.journal.connect.connections import Connections
from shared.journal.connect.vault import Vault
from shared.journal.tombstones import Erasure
from shared.journal.upkeep.user_erasure import UserErasure, owned_documents
from shared.ports import Create, Key
from tests.house import House
from tests.rows import ACCOUNT, account_document, fill, page
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.memory_secrets import MemorySecrets


@pytest.fixture
async def house() -> House:
    made = House(MemoryDocuments())
    await made.documents.commit(
        [
            account_document(LOCAL_USER),
            Create(Key("counters", (LOCAL_USER, ACCOUNT)), {"last_run": 1}),
        ]
    )
    await made.store.store(page([fill("a", "10", "100")], user=LOCAL_USER))
    await made.settle()
    return made


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    ports = house.documents, house.clock, house.entropy
    users = UserErasure(Connections(*ports, Vault(MemorySecrets(), house.entropy)))
    app = make_fastapi("test", "/v1/openapi.json")
    app.include_router(erasure_router(Erasure(*ports), users, house.queries, identify_local))
    with TestClient(app) as opened:
        yield opened


async def test_an_account_is_erased_and_its_tombstone_left(
    client: TestClient, house: House
) -> None:
    answer = client.delete(f"/v1/accounts/{ACCOUNT}", params={"confirm": "erase"})
    assert answer.status_code == 204
    left = {key.collection async for key in owned_documents(house.documents, LOCAL_USER)}
    assert left == {"accounts", "counters", "receipts"}  # the receipt's run was never opened


async def test_a_user_is_erased(client: TestClient, house: House) -> None:
    assert client.delete("/v1/user", params={"confirm": "erase"}).status_code == 204
    assert [key async for key in owned_documents(house.documents, LOCAL_USER)] == []


@pytest.mark.parametrize("path", ["/v1/user", f"/v1/accounts/{ACCOUNT}"])
async def test_nothing_is_erased_that_was_not_meant(
    client: TestClient, house: House, path: str
) -> None:
    assert client.delete(path).status_code == 422
    assert await house.queries.positions(LOCAL_USER)


def test_another_users_account_is_refused(client: TestClient) -> None:
    assert client.delete("/v1/accounts/x", params={"confirm": "erase"}).status_code == 400
