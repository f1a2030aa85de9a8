import csv
import json

import pytest

from shared.domain.execution import EventType
from shared.journal.exports import Export, Form, Kind
from tests.house import House
from tests.rows import ACCOUNT, USER, event, fill, page
from tests.twins.memory_documents import MemoryDocuments


@pytest.fixture
async def house() -> House:
    made = House(MemoryDocuments())
    rows = [
        fill("f1", "10", "300.1234567890123456", fee="1.5"),
        fill("f2", "-10", "299", minute=5),
        event("e1", "-0.25"),
        event("d1", "3", kind=EventType.DIVIDEND, root="SPY"),
    ]
    await made.store.store(page(rows))
    await made.settle()
    return made


async def lines(house: House, kind: Kind, form: Form) -> list[str]:
    return [line async for line in Export(house.documents).lines(USER, kind, form)]


async def table(house: House, kind: Kind) -> list[dict[str, str]]:
    return list(csv.DictReader(await lines(house, kind, Form.CSV)))


async def test_executions_keep_every_digit_in_a_spreadsheet(house: House) -> None:
    found = await table(house, Kind.EXECUTIONS)
    assert [(row["symbol"], row["side"], row["price"], row["fees"]) for row in found] == [
        ("SPY", "buy", "300.1234567890123456", "1.5 USD"),
        ("SPY", "sell", "299", ""),
    ]


async def test_events_are_a_table_of_their_own(house: House) -> None:
    found = await table(house, Kind.EVENTS)
    assert {(row["type"], row["amount"]) for row in found} == {("fee", "-0.25"), ("dividend", "3")}


async def test_round_trips_are_exported(house: House) -> None:
    (trip,) = await table(house, Kind.ROUND_TRIPS)
    assert (trip["gross"], trip["net"]) == ("-11.234567890123456", "-12.734567890123456")


async def test_days_are_exported_by_root_and_currency(house: House) -> None:
    found = await table(house, Kind.DAYS)
    assert {row["root"]: row["day_fees"] for row in found} == {"": "0.25", "SPY": "0"}


async def test_json_lines_hold_every_field_of_a_row(house: House) -> None:
    first = json.loads((await lines(house, Kind.EXECUTIONS, Form.JSONL))[0])
    assert first["fees"] == [{"amount": "1.5", "currency": "USD", "origin": "reported"}]
    assert first["account_key"] == ACCOUNT


async def test_a_brokers_text_is_no_formula_in_a_spreadsheet(house: House) -> None:
    bad = fill("=1+1", "1", "5", symbol="=cmd()")
    await house.store.store(page([bad], run=2))
    (row,) = [r for r in await table(house, Kind.EXECUTIONS) if "cmd" in r["symbol"]]
    assert (row["symbol"], row["execution_id"]) == ("'=cmd()", "'=1+1")


async def test_an_empty_journal_has_a_header() -> None:
    house = House(MemoryDocuments())
    assert len(await lines(house, Kind.DAYS, Form.CSV)) == 1
