import pytest

from shared.domain.errors import InvalidInput
from shared.domain.ids import AccountKey
from shared.journal.imports.importing import ImportExecutions
from shared.journal.imports.mapping import read_mapping
from shared.journal.queries import Window
from shared.journal.tombstones import Erasure
from shared.ports import Create, Key
from tests.house import USER, House
from tests.twins.memory_documents import MemoryDocuments

MAPPING = read_mapping(
    {
        "account": "old broker",
        "columns": {
            "execution_id": "Id",
            "executed_at": ["When"],
            "symbol": "Symbol",
            "quantity": "Qty",
            "price": "Price",
        },
    }
)
HEADER = "Id,When,Symbol,Qty,Price\n"
FILE = HEADER + "1,2020-05-20T15:00:00Z,SPY,10,300\n2,2020-05-21T15:00:00Z,SPY,-10,301\n"
BAD = FILE + "3,2020-05-22T15:00:00Z,SPY,none,301\n"


@pytest.fixture
def house() -> House:
    return House(MemoryDocuments())


def use_case(house: House) -> ImportExecutions:
    return ImportExecutions(house.documents, house.bus, house.clock, house.entropy)


def counts(report) -> dict[str, int]:
    found: dict[str, int] = {}
    for day in report.difference.values():
        for outcome, count in day.items():
            found[outcome.value] = found.get(outcome.value, 0) + count
    return found


async def test_a_preview_tells_what_would_come_and_stores_nothing(house: House) -> None:
    report = await use_case(house).preview(USER, MAPPING, BAD)
    assert (report.lines, report.rows, [bad.line for bad in report.bad]) == (3, 2, [4])
    assert counts(report) == {"new": 2}
    assert (house.bus.take(), await house.queries.accounts(USER)) == ([], [])


async def test_an_import_becomes_round_trips(house: House) -> None:
    await use_case(house).run(USER, MAPPING, FILE)
    await house.settle()
    trips = await house.queries.round_trips(USER, None, Window())
    assert [(trip.symbol, str(trip.net)) for trip in trips.items] == [("SPY", "10")]


async def test_the_same_file_again_brings_nothing_new(house: House) -> None:
    await use_case(house).run(USER, MAPPING, FILE)
    await house.settle()
    again = await use_case(house).run(USER, MAPPING, FILE)
    await house.settle()
    assert counts(again) == {"same": 2}
    assert len((await house.queries.executions(USER, None, Window())).items) == 2


async def test_a_corrected_line_is_a_revision(house: House) -> None:
    await use_case(house).run(USER, MAPPING, FILE)
    await house.settle()
    corrected = await use_case(house).preview(USER, MAPPING, FILE.replace("301", "302"))
    assert counts(corrected) == {"same": 1, "revised": 1}


async def test_a_file_with_a_bad_line_is_not_imported_in_part(house: House) -> None:
    with pytest.raises(InvalidInput, match="line 4"):
        await use_case(house).run(USER, MAPPING, BAD)
    assert house.bus.take() == []


async def test_bad_lines_are_kept_in_quarantine_where_that_is_asked_for(house: House) -> None:
    await use_case(house).run(USER, MAPPING, BAD, keep_bad=True)
    await house.settle()
    kept = await house.queries.quarantine(USER, None, Window())
    assert [('"none"' in row["raw"], row["endpoint"]) for row in kept.items] == [(True, "csv")]


async def test_an_imports_run_closes_and_claims_no_day(house: House) -> None:
    report = await use_case(house).run(USER, MAPPING, FILE)
    await house.settle()
    runs = await house.queries.runs(USER, report.account_key, Window())
    assert [run["state"] for run in runs.items] == ["closed"]
    assert await house.queries.coverage(USER, report.account_key) == []


async def test_an_erased_import_may_be_imported_again(house: House) -> None:
    report = await use_case(house).run(USER, MAPPING, FILE)
    await house.settle()
    erasure = Erasure(house.documents, house.clock, house.entropy)
    await erasure.erase(USER, AccountKey(report.account_key))
    assert await house.queries.accounts(USER) == []
    await use_case(house).run(USER, MAPPING, FILE)
    await house.settle()
    assert len((await house.queries.executions(USER, None, Window())).items) == 2


async def test_nothing_is_imported_for_a_user_who_was_erased(house: House) -> None:
    gone = {"deleted_at": "2026-01-01T00:00:00Z"}
    await house.documents.commit([Create(Key("users", (USER,)), gone)])
    with pytest.raises(InvalidInput, match="erased"):
        await use_case(house).run(USER, MAPPING, FILE)
    assert await house.queries.accounts(USER) == []
