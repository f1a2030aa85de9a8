"""Each invariant broken once; a store that is whole has no fault."""

import asyncio
import copy
from collections.abc import Callable
from typing import Any

import pytest

from shared.domain.annotation import Annotation, Subject
from shared.domain.ids import RowKey, canonical_json
from shared.journal.annotations.store import Annotations
from shared.journal.imports.importing import ImportExecutions
from shared.journal.imports.mapping import read_mapping
from shared.journal.integrity.fault import Check, Fault
from shared.journal.integrity.integrity import Integrity
from shared.ports import Body, Create, Delete, Document, Key, Query, Update, Write
from shared.scanning import every
from tests.house import USER, House
from tests.twins.memory_documents import MemoryDocuments

COLUMNS = {
    "execution_id": "Id",
    "executed_at": ["When"],
    "symbol": "Symbol",
    "quantity": "Qty",
    "price": "Price",
}
FILE = "Id,When,Symbol,Qty,Price\n1,2020-05-20T15:00:00Z,IBM,10,300\n"


@pytest.fixture(scope="module")
def whole() -> MemoryDocuments:
    """A month of three accounts, a file whose line was corrected, a row that was spoken of."""
    return asyncio.run(_trade_a_month())


@pytest.fixture
def house(whole: MemoryDocuments) -> House:
    return House(copy.deepcopy(whole))


async def _trade_a_month() -> MemoryDocuments:
    documents = MemoryDocuments()
    made = House(documents)
    await made.open_accounts()
    made.trade()
    await made.tick()
    ports = made.documents, made.bus, made.clock, made.entropy
    for text in (FILE, FILE.replace("300", "301")):
        mapping = read_mapping({"account": "old", "columns": COLUMNS})
        await ImportExecutions(*ports).run(USER, mapping, text)
        await made.settle()
    row = await one(made, "executions")
    said = Annotation(note="mine")
    await Annotations(*ports).say(USER, Subject.ROUND_TRIP, RowKey(row.key.id), said)
    await made.reconcile.sweep(USER)
    return documents


async def one(
    house: House, collection: str, fits: Callable[[Body], bool] = lambda _: True
) -> Document:
    async for found in every(house.documents, Query(collection, (USER,))):
        if fits(found.body):
            return found
    raise AssertionError(f"no such document in {collection}")


def _integrity(house: House) -> Integrity:
    return Integrity(house.documents, house.clock, house.entropy)


async def faults(house: House) -> list[Fault]:
    return [fault async for fault in _integrity(house).faults(USER)]


def changed(**fields: Any) -> Callable[[Document], Write]:
    return lambda found: Update(found.key, {**found.body, **fields}, found.version)


def gone(found: Document) -> Write:
    return Delete(found.key)


def within(name: str, value: Any) -> Callable[[Document], Write]:
    """Change a field of a row's content and not its hash."""
    return lambda found: Update(
        found.key, {**found.body, "body": {**found.body["body"], name: value}}, found.version
    )


def is_row(kind: str) -> Callable[[Body], bool]:
    return lambda body: body["kind"] == kind


def is_closed(body: Body) -> bool:
    return body.get("state") == "closed" and body["pages"] > 0


async def test_a_store_that_is_whole_has_no_fault(house: House) -> None:
    assert await faults(house) == []


@pytest.mark.parametrize(
    ("collection", "fits", "harm", "check"),
    [
        ("executions", is_row("execution"), within("price", "1"), Check.HASHES),
        ("executions", is_row("execution"), within("side", "hold"), Check.HASHES),
        ("executions", is_row("execution"), changed(root="XYZ"), Check.KEYS),
        ("executions", is_row("execution"), changed(at_us=1), Check.KEYS),
        ("executions", is_row("execution"), changed(account_key="x"), Check.REFERENCES),
        ("executions", is_row("execution"), changed(version=9), Check.ORDER),
        (
            "executions",
            is_row("execution"),
            changed(observation="000000009999.00000000.000000"),
            Check.ORDER,
        ),
        ("counters", lambda _: True, changed(last_run=0), Check.ORDER),
        ("accounts", lambda b: b["broker"] == "alpaca", gone, Check.REFERENCES),
        ("accounts", lambda b: b["broker"] == "alpaca", changed(account_id="x"), Check.KEYS),
        (
            "accounts",
            lambda b: b["broker"] == "alpaca",
            changed(cursor_us=9_000_000_000_000_000),
            Check.CURSORS,
        ),
        ("connections", lambda _: True, gone, Check.REFERENCES),
        ("runs", is_closed, changed(new=10_000), Check.RUNS),
        ("runs", is_closed, changed(pages=99), Check.RUNS),
        ("runs", is_closed, gone, Check.CURSORS),
        ("receipts", lambda _: True, gone, Check.RUNS),
        ("positions", lambda _: True, changed(account_key="x"), Check.REFERENCES),
        ("annotations", lambda _: True, changed(anchor="x"), Check.REFERENCES),
        ("positions", lambda b: bool(b["holdings"]), changed(holdings=[]), Check.PROJECTIONS),
        ("positions", lambda b: bool(b["holdings"]), gone, Check.PROJECTIONS),
        ("round_trips", lambda _: True, changed(net="12345"), Check.PROJECTIONS),
        ("round_trips", lambda _: True, gone, Check.PROJECTIONS),
        ("daily", lambda _: True, gone, Check.PROJECTIONS),
        ("checkpoints", lambda _: True, changed(account_key="x"), Check.REFERENCES),
        ("checkpoints", lambda _: True, changed(number=7), Check.KEYS),
        ("checkpoints", lambda _: True, changed(root="XYZ"), Check.KEYS),
        ("checkpoints", lambda _: True, changed(rows=1), Check.PROJECTIONS),
    ],
)
async def test_a_broken_invariant_is_found(
    house: House,
    collection: str,
    fits: Callable[[Body], bool],
    harm: Callable[[Document], Write],
    check: Check,
) -> None:
    await house.documents.commit([harm(await one(house, collection, fits))])
    assert check in {fault.check for fault in await faults(house)}


async def test_an_older_observation_that_was_changed_is_found(house: House) -> None:
    row = await one(house, "executions", lambda body: body["version"] == 2)
    (older,) = [found async for found in every(house.documents, Query("history", row.key.path))]
    await house.documents.commit([within("price", "1")(older)])
    assert [fault.check for fault in await faults(house)] == [Check.HASHES]


async def test_an_older_observation_that_is_newer_than_the_head_is_found(house: House) -> None:
    row = await one(house, "executions", lambda body: body["version"] == 2)
    (older,) = [found async for found in every(house.documents, Query("history", row.key.path))]
    newer = "000000000003.00000000.000000"
    moved = Create(Key("history", (*row.key.path, newer)), {**older.body, "observation": newer})
    await house.documents.commit([Delete(older.key), moved])
    assert [fault.check for fault in await faults(house)] == [Check.ORDER]


async def test_checking_writes_nothing(house: House) -> None:
    before = canonical_json([dict(d.body) async for d in every(house.documents, _RUNS)])
    await faults(house)
    assert canonical_json([dict(d.body) async for d in every(house.documents, _RUNS)]) == before


_RUNS = Query("runs", (USER,))
