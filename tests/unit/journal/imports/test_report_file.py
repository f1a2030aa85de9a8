from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from shared.brokers.spec import BrokerAccount
from shared.brokers.tradovate.spec import SPEC
from shared.domain.errors import InvalidInput
from shared.domain.sync.connection import Connection
from shared.journal.accounts import Accounts
from shared.journal.connect.connections import Connections
from shared.journal.connect.vault import Vault
from shared.journal.imports.importing import ImportReport
from shared.journal.imports.report_file import ImportReportFile
from shared.journal.queries import Window
from shared.journal.storing.log import Outcome
from tests.house import USER, House
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.memory_secrets import MemorySecrets

FILE = (Path(__file__).parents[3] / "fixtures" / "tradovate" / "fills_report.csv").read_bytes()
ACCOUNT = "54066902"
NOW = datetime(2026, 6, 20, tzinfo=UTC)
DAYS = (date(2026, 6, 14), date(2026, 6, 16))


@pytest.fixture
async def house() -> House:
    """A user whose login reads the account of the report."""
    made = House(MemoryDocuments(), ManualClock(NOW))
    ports = made.documents, made.clock, made.entropy
    connections = Connections(*ports, Vault(MemorySecrets(), made.entropy))
    login = dict.fromkeys(SPEC.auth["api_key"].fields, "1")
    connection: Connection = await connections.create(USER, SPEC, "demo", "mine", "api_key", login)
    await Accounts(*ports).ensure(connection, BrokerAccount(ACCOUNT, "DEMO4066902", "USD"))
    return made


async def bring(house: House, content: bytes = FILE, **told: object) -> ImportReport:
    use = ImportReportFile(
        house.documents, house.bus, house.clock, house.entropy, {"tradovate": SPEC}
    )
    (found,) = await use.run(USER, "tradovate", "fills_report", content, **told)  # type: ignore[arg-type]
    await house.settle()
    return found


async def test_a_reports_rows_join_the_account_of_the_login(house: House) -> None:
    report = await bring(house)
    rows = (await house.queries.executions(USER, report.account_key, Window())).items
    assert len(rows) == report.rows > 0


async def test_a_preview_stores_nothing(house: House) -> None:
    report = await bring(house, preview=True)
    assert (report.run, report.rows > 0) == (0, True)
    assert (await house.queries.executions(USER, report.account_key, Window())).items == ()


async def test_the_same_report_again_brings_nothing_new(house: House) -> None:
    await bring(house)
    again = await bring(house)
    assert {outcome for day in again.difference.values() for outcome in day} == {Outcome.SAME}


async def test_no_day_is_complete_because_of_a_file(house: House) -> None:
    report = await bring(house)
    assert await house.queries.coverage(USER, report.account_key) == []


async def test_days_for_which_the_user_says_that_it_is_whole_are_complete(house: House) -> None:
    report = await bring(house, covers=DAYS)
    (year,) = await house.queries.coverage(USER, report.account_key)
    assert {day: told["state"] for day, told in year["days"].items()} == {
        "2026-06-14": "complete",
        "2026-06-15": "complete",
        "2026-06-16": "complete",
    }


async def test_a_day_that_is_not_over_cannot_be_whole(house: House) -> None:
    with pytest.raises(InvalidInput, match="not over"):
        await bring(house, covers=(date(2026, 6, 19), date(2026, 6, 20)))


async def test_a_row_that_cannot_be_read_is_kept(house: House) -> None:
    report = await bring(house, FILE.replace(b",7494.25,", b",none,", 1))
    kept = await house.queries.quarantine(USER, report.account_key, Window())
    assert (len(report.bad), [row["endpoint"] for row in kept.items]) == (1, ["fills_report"])


async def test_an_account_that_no_login_has_is_named(house: House) -> None:
    with pytest.raises(InvalidInput, match="no login"):
        await bring(house, FILE.replace(ACCOUNT.encode(), b"99"))


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"a,b\n1,2\n"])
async def test_another_file_is_refused(house: House, content: bytes) -> None:
    with pytest.raises((InvalidInput, ValueError)):
        await bring(house, content)
