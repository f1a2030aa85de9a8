from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest

from shared.domain.execution import AssetClass, Execution, Side
from shared.domain.ids import UserId, account_key, row_key
from shared.domain.messages import ExecutionsObserved, JournalChanged, ObservedRow
from shared.domain.row_body import row_body
from shared.http.identity import identify_local, identify_nobody
from shared.http.journal.app import api_app
from shared.journal.build import BuildJournal
from shared.journal.queries import JournalQueries
from shared.journal.store import StoreExecutions
from shared.ports import Create, Key
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_bus import MemoryBus
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy

USER = UserId("local")
ACCOUNT = account_key("alpaca", "paper", "A1")
AT = datetime(2020, 5, 28, 15, tzinfo=UTC)


def fill(number: int) -> ObservedRow:
    row = Execution(
        execution_id=f"fill-{number}",
        symbol="SPY",
        root="SPY",
        asset_class=AssetClass.EQUITY,
        side=Side.BUY if number % 2 == 0 else Side.SELL,
        quantity=Decimal(10),
        price=Decimal(300 + number),
        currency="USD",
        executed_at=AT.replace(minute=number),
    )
    return ObservedRow(key=row_key("alpaca", "paper", "A1", (row.execution_id,)), row=row_body(row))


ACCOUNT_BODY = {
    "broker": "alpaca",
    "environment": "paper",
    "account_id": "A1",
    "account_number": "PA1",
    "currency": "USD",
    "connection_ids": ["c1"],
    "cursor_us": None,
    "first_seen_us": 0,
    "last_run": 1,
}


@pytest.fixture
async def documents():
    """Five fills stored and built by the real use cases: two round trips and 10 SPY open."""
    documents, bus, clock = MemoryDocuments(), MemoryBus(), ManualClock()
    entropy = SeededEntropy(1)
    await documents.commit([Create(Key("accounts", (USER, ACCOUNT)), ACCOUNT_BODY)])
    page = ExecutionsObserved(
        user_id=USER,
        connection_id="c1",
        broker="alpaca",
        environment="paper",
        account_id="A1",
        account_key=ACCOUNT,
        run=1,
        page=0,
        observed_at=AT,
        rows=tuple(fill(number) for number in range(5)),
    )
    await StoreExecutions(documents, bus, clock, entropy).store(page)
    for message in bus.sent(JournalChanged.topic):
        changed = JournalChanged.decode(message.data)
        await BuildJournal(documents, clock, entropy).build(changed)
    return documents


def client(documents, identify=identify_local) -> httpx.AsyncClient:
    app = api_app(JournalQueries(documents), identify)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://localhost"
    )


@pytest.fixture
async def http(documents):
    async with client(documents) as http:
        yield http


async def test_the_summary_counts_what_was_stored(http):
    summary = (await http.get("/v1/summary")).json()
    assert (summary["executions"], summary["round_trips"], summary["open_positions"]) == (5, 2, 1)


async def test_money_is_text_so_that_no_digit_is_lost(http):
    [held] = (await http.get("/v1/positions")).json()["items"]
    assert (held["quantity"], held["average_price"]) == ("10", "304")


async def test_pages_of_the_log_cover_it_once(http):
    seen, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        body = (await http.get("/v1/executions", params=params)).json()
        seen += [line["row"]["execution_id"] for line in body["items"]]
        cursor = body["next"]
        if cursor is None:
            break
    assert seen == [f"fill-{number}" for number in (4, 3, 2, 1, 0)]


async def test_an_account_that_was_never_compared_is_unknown_not_agreed(http):
    [account] = (await http.get("/v1/reconciliation")).json()["items"]
    assert (account["label"], account["state"]) == ("alpaca paper PA1", "unknown")


@pytest.mark.parametrize(
    ("path", "slug"),
    [
        pytest.param("/v1/executions?cursor=rubbish", "invalid-input", id="cursor"),
        pytest.param("/v1/executions?limit=0", "invalid-parameters", id="limit too small"),
        pytest.param("/v1/executions?limit=201", "invalid-parameters", id="limit too large"),
        pytest.param("/v1/positions?account=nobody", "invalid-input", id="account"),
        pytest.param("/v1/coverage/nobody", "invalid-input", id="account in the path"),
        pytest.param("/v1/summary?since=yesterday", "invalid-parameters", id="date"),
        pytest.param("/v1/runs", "invalid-parameters", id="missing account"),
        pytest.param("/v1/nothing", "unknown-route", id="route"),
    ],
)
async def test_bad_input_is_a_problem_of_a_stable_type(http, path, slug):
    answer = await http.get(path)
    assert (answer.json()["type"], answer.status_code // 100) == (f"urn:daybias:problem:{slug}", 4)


async def test_an_unknown_account_names_those_there_are(http):
    answer = await http.get("/v1/positions?account=nobody")
    assert answer.json()["expected"] == [ACCOUNT]


PATHS = ["accounts", "executions", "round-trips", "positions", "summary", "reconciliation"]
PATHS += [f"runs?account={ACCOUNT}", "quarantine", f"coverage/{ACCOUNT}"]


@pytest.mark.parametrize("path", PATHS)
async def test_every_route_answers_the_one_person_of_this_machine(http, path):
    assert (await http.get(f"/v1/{path}")).status_code == 200


@pytest.mark.parametrize("path", PATHS)
async def test_nobody_reads_a_journal_in_the_cloud_before_there_is_sign_in(documents, path):
    async with client(documents, identify_nobody) as http:
        answer = await http.get(f"/v1/{path}")
    assert (answer.status_code, answer.json()["type"]) == (
        401,
        "urn:daybias:problem:unauthenticated",
    )


@pytest.mark.parametrize(
    ("new", "fault"), [(3, ""), (2, "3 rows were fetched, 2 are accounted for")]
)
async def test_a_run_says_where_its_counts_do_not_add_up(documents, http, new, fault):
    counts = dict.fromkeys(("same", "revised", "superseded", "unread", "quarantined"), 0)
    run = {"account_key": ACCOUNT, "run": 1, "state": "closed", "rows": 3, "new": new, **counts}
    await documents.commit([Create(Key("runs", (USER, f"{ACCOUNT}-{1:012d}")), run)])
    [shown] = (await http.get(f"/v1/runs?account={ACCOUNT}")).json()["items"]
    assert shown["fault"] == fault
