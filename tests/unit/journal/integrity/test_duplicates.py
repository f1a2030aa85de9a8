from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.ids import AccountKey, UserId, account_key
from shared.domain.time import to_micros
from shared.journal.integrity.duplicates import duplicate_faults, same_accounts
from shared.journal.integrity.fault import Check
from shared.journal.queries import JournalQueries
from shared.ports import Create, Key, Update
from tests.twins.memory_documents import MemoryDocuments

USER = UserId("user-1")
START = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)


class Journal:
    """A store with accounts and executions, and nothing else."""

    def __init__(self) -> None:
        self.documents = MemoryDocuments()
        self._rows = 0

    async def open(
        self,
        account_id: str,
        *logins: str,
        broker: str = "kraken",
        environment: str = "live",
    ) -> AccountKey:
        key = account_key(broker, environment, account_id)
        body = {
            "broker": broker,
            "environment": environment,
            "account_id": account_id,
            "account_number": account_id,
            "currency": "USD",
            "connection_ids": [*logins],
            "last_run": 1,
        }
        await self.documents.commit([Create(Key("accounts", (USER, key)), body)])
        return key

    async def trade(
        self,
        account: AccountKey,
        ids: Sequence[str],
        *,
        later: timedelta = timedelta(),
        kind: str = "execution",
    ) -> None:
        for place, name in enumerate(ids):
            self._rows += 1
            at = START + timedelta(minutes=place) + later
            told = "execution_id" if kind == "execution" else "event_id"
            body = {
                "account_key": account,
                "root": "BTC/USD",
                "kind": kind,
                "at_us": to_micros(at),
                "body": {told: name},
            }
            key = Key("executions", (USER, f"row-{self._rows:06d}"))
            await self.documents.commit([Create(key, body)])

    async def erase(self, account: AccountKey) -> None:
        """Leave what an erasure leaves of the account: its tombstone, rows that come later."""
        place = Key("accounts", (USER, account))
        (found,) = await self.documents.get_many([place])
        assert found is not None
        await self.documents.commit(
            [Update(place, {**found.body, "deleted_through_run": 1}, found.version)]
        )

    async def same(self) -> dict[AccountKey, tuple[AccountKey, ...]]:
        return await same_accounts(self.documents, USER)

    async def found(self) -> list[str]:
        faults = [fault async for fault in duplicate_faults(self.documents, USER)]
        assert {fault.check for fault in faults} <= {Check.DUPLICATES}
        return [f"{fault.key.id} {fault.found}" for fault in faults]


@pytest.fixture
def journal() -> Journal:
    return Journal()


async def test_one_account_under_two_keys_is_recognized(journal: Journal) -> None:
    one, two = await journal.open("k1", "c1"), await journal.open("k2", "c2")
    await journal.trade(one, ["T1", "T2", "T3"])
    await journal.trade(two, ["T1", "T2", "T4"])
    assert await journal.same() == {one: (two,), two: (one,)}
    (told,) = await journal.found()
    assert one in told
    assert two in told
    assert "shares 2 executions with account" in told


async def test_three_keys_of_one_account_are_three_pairs(journal: Journal) -> None:
    keys = [await journal.open(f"k{i}", f"c{i}") for i in range(3)]
    for key in keys:
        await journal.trade(key, ["T1"])
    assert {len(others) for others in (await journal.same()).values()} == {2}
    assert len(await journal.found()) == 3


async def test_what_a_deleted_login_left_is_compared_too(journal: Journal) -> None:
    one, two = await journal.open("k1"), await journal.open("k2", "c2")
    for key in (one, two):
        await journal.trade(key, ["T1"])
    assert await journal.same() == {one: (two,), two: (one,)}


async def test_an_account_that_lags_behind_is_recognized_by_all_of_its_rows(
    journal: Journal,
) -> None:
    one, two = await journal.open("k1", "c1"), await journal.open("k2", "c2")
    await journal.trade(one, [f"T{i}" for i in range(120)])
    await journal.trade(two, [f"T{i}" for i in range(20)])
    assert await journal.same() == {}  # by the newest alone
    assert "shares 20 executions" in (await journal.found())[0]


@pytest.mark.parametrize(
    ("other", "login"),
    [
        ({"broker": "binance"}, "c2"),
        ({"environment": "demo"}, "c2"),
        ({}, "c1"),  # two accounts of one login are two
    ],
    ids=["another broker", "another environment", "the same login"],
)
async def test_what_cannot_be_one_account_is_not_compared(
    journal: Journal, other: dict[str, str], login: str
) -> None:
    one, two = await journal.open("k1", "c1"), await journal.open("k2", login, **other)
    for key in (one, two):
        await journal.trade(key, ["T1"])
    assert (await journal.same(), await journal.found()) == ({}, [])


async def test_the_same_id_at_another_instant_is_another_execution(journal: Journal) -> None:
    one, two = await journal.open("k1", "c1"), await journal.open("k2", "c2")
    await journal.trade(one, ["1", "2"])
    await journal.trade(two, ["1", "2"], later=timedelta(seconds=1))
    assert (await journal.same(), await journal.found()) == ({}, [])


async def test_events_alone_make_no_duplicates(journal: Journal) -> None:
    for name in ("1", "2"):
        key = await journal.open(f"k{name}", f"c{name}")
        await journal.trade(key, ["E1"], kind="event")
    assert (await journal.same(), await journal.found()) == ({}, [])


async def test_an_erased_account_is_left_out(journal: Journal) -> None:
    one, two = await journal.open("k1", "c1"), await journal.open("k2", "c2")
    for key in (one, two):
        await journal.trade(key, ["T1"])
    await journal.erase(two)
    assert (await journal.same(), await journal.found()) == ({}, [])


async def test_a_list_of_accounts_says_which_are_one(journal: Journal) -> None:
    one, two = await journal.open("k1", "c1"), await journal.open("k2", "c2")
    await journal.open("other", "c3", broker="binance")
    for key in (one, two):
        await journal.trade(key, ["T1"])
    listed = await JournalQueries(journal.documents).compared_accounts(USER)
    assert {view.account_key: view.same_as for view in listed if view.broker == "kraken"} == {
        one: (two,),
        two: (one,),
    }
    assert [view.same_as for view in listed if view.broker == "binance"] == [()]
