import pytest

from shared.adapters.firestore_documents import FirestoreDocuments
from shared.domain.errors import StoreUnavailable
from shared.ports import Create, Update
from tests.contract.documents import PLAIN, DocumentsContract, read


@pytest.mark.emulator
class TestFirestoreDocuments(DocumentsContract):
    @pytest.fixture
    def documents(self, firestore: FirestoreDocuments) -> FirestoreDocuments:
        return firestore


@pytest.mark.emulator
async def test_an_update_that_changes_nothing_keeps_its_version(
    firestore: FirestoreDocuments,
) -> None:
    # why the port promises a new version only for a changed body
    await firestore.commit([Create(PLAIN, {"n": 1})])
    first = await read(firestore, PLAIN)
    await firestore.commit([Update(PLAIN, {"n": 1}, first.version)])
    assert (await read(firestore, PLAIN)).version == first.version


async def test_a_store_that_is_not_there_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")
    documents = FirestoreDocuments("t-nothing", timeout_s=0.3)
    with pytest.raises(StoreUnavailable, match="Firestore get"):
        await documents.get_many([PLAIN])
    with pytest.raises(StoreUnavailable, match="Firestore commit"):
        await documents.commit([Create(PLAIN, {})])
    await documents.close()
