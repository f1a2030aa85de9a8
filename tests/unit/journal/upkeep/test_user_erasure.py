import pytest

from shared.domain.errors import InvalidInput, LeaseHeld
from shared.domain.ids import AccountKey
from shared.domain.messages import JournalChanged
from shared.journal.connect.connections import Connections
from shared.journal.connect.vault import Vault
from shared.journal.sync import lease_name
from shared.journal.upkeep.user_erasure import UserErasure, owned_documents
from shared.lease import Leases
from shared.ports import Key
from tests.house import USER, House
from tests.rows import fill, page
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.memory_secrets import MemorySecrets


@pytest.fixture
async def house() -> House:
    made = House(MemoryDocuments())
    await made.open_accounts()
    made.trade()
    await made.tick()
    await made.reconcile.sweep(USER)
    return made


def erasure(house: House) -> UserErasure:
    vault = Vault(MemorySecrets(), house.entropy)
    return UserErasure(Connections(house.documents, house.clock, house.entropy, vault))


async def left(house: House) -> list[Key]:
    return [key async for key in owned_documents(house.documents, USER)]


async def test_nothing_of_an_erased_user_is_left_but_the_tombstone(house: House) -> None:
    assert await erasure(house).erase(USER) > 100
    assert await left(house) == []
    (user,) = await house.documents.get_many([Key("users", (USER,))])
    assert user is not None
    assert list(user.body) == ["deleted_at"]


async def test_pages_that_were_under_way_are_dropped(house: House) -> None:
    await erasure(house).erase(USER)
    receipt = await house.store.store(page([fill("late", "1", "10")], run=999, user=USER))
    assert receipt.dropped
    assert await left(house) == []


async def test_requests_that_were_under_way_find_no_login(house: House) -> None:
    await house.ask()
    waiting = house.bus.take()
    await erasure(house).erase(USER)
    for delivery in waiting:
        await house.deliver(delivery)
    assert await left(house) == []


async def test_a_build_that_was_under_way_leaves_nothing(house: House) -> None:
    accounts = [a.account_key for a in await house.queries.accounts(USER)]
    await erasure(house).erase(USER)
    for key in accounts:
        changed = JournalChanged(
            user_id=USER,
            account_key=AccountKey(key),
            roots=("SPY", "AAPL"),
            changed_from=house.clock.now(),
        )
        await house._build.build(changed)
    assert await left(house) == []


async def test_a_sync_under_way_keeps_everything_until_it_has_ended(house: House) -> None:
    page_ = await house._connections.list(USER)
    leases = Leases(house.documents, house.clock, house.entropy)
    await leases.acquire(lease_name(USER, page_[0].connection_id), 60)
    before = await left(house)
    with pytest.raises(LeaseHeld):
        await erasure(house).erase(USER)
    assert await left(house) == before


async def test_an_erasure_may_be_repeated(house: House) -> None:
    await erasure(house).erase(USER)
    assert await erasure(house).erase(USER) == 0


async def test_an_erased_user_cannot_connect_again(house: House) -> None:
    await erasure(house).erase(USER)
    with pytest.raises(InvalidInput, match="erased"):
        await house.open_accounts()
