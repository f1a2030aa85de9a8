from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared.brokers.oanda.account import read_accounts, read_holdings, read_summary
from shared.brokers.oanda.spec import (
    SPEC,
    mark_of,
    page_requests,
    reached_id,
    refused_account,
    rows_of,
)
from shared.brokers.spec import BrokerAccount, Page, Reply, Request, Window
from shared.domain.errors import ContractBroken, RequestRejected
from shared.domain.execution import AssetClass
from shared.domain.money import loads_exact
from shared.domain.time import parse_instant

SAMPLES = Path(__file__).parents[3] / "fixtures" / "oanda"
ACCOUNT = BrokerAccount("101-004-9990417-001", "101-004-9990417-001", "USD")
BASE = "/v3/accounts/101-004-9990417-001"
START = parse_instant("2026-03-16T14:00:00Z")


def sample(name: str) -> Any:
    return loads_exact((SAMPLES / name).read_bytes())


def since(*ids: str, last: str) -> dict[str, Any]:
    return {"transactions": [{"id": name} for name in ids], "lastTransactionID": last}


class Broker:
    """Answers in turn, and remembers what was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    async def ask(self, request: Request) -> Any:
        self.asked.append(request)
        return self.answers.pop(0)

    async def walked(self, window: Window) -> list[Page]:
        return [page async for page in SPEC.history[0].walk(self.ask, ACCOUNT, window)]


def test_every_account_of_a_token_is_found_mt4_included() -> None:
    assert [a.account_id[-3:] for a in read_accounts(sample("accounts.json"))] == [
        "001",
        "002",
        "003",
    ]


def test_an_account_s_currency_is_in_its_summary() -> None:
    (account, *_) = read_accounts(sample("accounts.json"))
    assert read_summary(sample("summary.json"), account) == ACCOUNT


def test_balance_and_positions_are_read() -> None:
    held = read_holdings([sample("summary.json"), sample("open_positions.json")], ACCOUNT)
    assert held.cash == Decimal("43660.8189")
    assert [(p.root, p.quantity, p.average_price, p.asset_class) for p in held.positions] == [
        ("EURUSD", Decimal(-3000), Decimal("1.087"), AssetClass.FX),
        ("DE30EUR", Decimal("-0.5"), Decimal("18012.4"), AssetClass.CFD),
    ]


def test_both_sides_of_a_hedge_are_netted_and_have_no_one_price() -> None:
    sides = {
        "long": {"units": "100", "averagePrice": "1.1"},
        "short": {"units": "-40", "averagePrice": "1.2"},
    }
    body = {"positions": [{"instrument": "EUR_USD", **sides}]}
    (position,) = read_holdings([sample("summary.json"), body], ACCOUNT).positions
    assert (position.quantity, position.average_price) == (Decimal(60), None)


@pytest.mark.parametrize("body", [None, [], {}, {"account": []}, {"accounts": {}}, "x"])
def test_answers_of_another_shape_break_the_contract(body: Any) -> None:
    for read in (
        lambda: read_accounts(body),
        lambda: read_summary(body, ACCOUNT),
        lambda: read_holdings([body, {"positions": []}], ACCOUNT),
        lambda: rows_of(body),
        lambda: page_requests(body, ACCOUNT),
    ):
        with pytest.raises(ContractBroken):
            read()


@pytest.mark.parametrize("row", [1, {}, {"instrument": "EUR_USD", "long": {"units": "1"}}])
def test_positions_of_another_shape_break_the_contract(row: Any) -> None:
    with pytest.raises(ContractBroken):
        read_holdings([sample("summary.json"), {"positions": [row]}], ACCOUNT)


def test_only_the_ids_are_taken_from_a_link_never_its_host() -> None:
    stranger = "https://elsewhere.example/v3/accounts/x/transactions/idrange?from=1&to=9&type=A"
    (request,) = page_requests({"pages": [stranger]}, ACCOUNT)
    assert request == Request(f"{BASE}/transactions/idrange", {"from": "1", "to": "9"})


def test_the_links_of_the_samples_are_read() -> None:
    asked = page_requests(sample("transactions_pages.json"), ACCOUNT)
    assert [(r.params["from"], r.params["to"]) for r in asked] == [
        ("6410", "6509"),
        ("6510", "6544"),
    ]


@pytest.mark.parametrize(
    "link", [1, "", "https://x/?from=1", "https://x/?from=1&to=b", "http://[x"]
)
def test_a_link_without_its_ids_breaks_the_contract(link: Any) -> None:
    with pytest.raises(ContractBroken):
        page_requests({"pages": [link]}, ACCOUNT)


async def test_the_first_window_is_walked_by_its_pages() -> None:
    broker = Broker(
        sample("transactions_pages.json"),
        sample("idrange_page1.json"),
        sample("idrange_page2.json"),
    )
    pages = await broker.walked(Window(START - timedelta(days=90), START))
    assert [page.mark for page in pages if page.rows] == ["6420", "6544"]
    assert broker.asked[0] == Request(
        f"{BASE}/transactions",
        {"from": "2025-12-16T14:00:00Z", "to": "2026-03-16T14:00:00Z", "pageSize": "100"},
    )


async def test_pages_without_rows_do_not_stop_the_walk() -> None:
    broker = Broker(
        sample("transactions_pages.json"), {"transactions": []}, sample("idrange_page2.json")
    )
    pages = await broker.walked(Window(START - timedelta(days=90), START))
    assert [len(page.rows) for page in pages] == [0, 3, 0]


async def test_400_days_are_two_windows() -> None:
    broker = Broker({"pages": []}, {"pages": []})
    await broker.walked(Window(START - timedelta(days=400), START))
    asked = [(r.params["from"][:10], r.params["to"][:10]) for r in broker.asked]
    assert asked == [("2025-02-09", "2026-02-09"), ("2026-02-09", "2026-03-16")]


async def test_newer_rows_are_asked_for_until_the_account_s_last() -> None:
    broker = Broker(since("999", last="1001"), since("1000", "1001", last="1001"))
    pages = await broker.walked(Window(START, START, mark="998"))
    assert [r.params["id"] for r in broker.asked] == ["998", "999"]
    assert [page.mark for page in pages] == ["999", "1001"]


@pytest.mark.parametrize(
    ("body", "reached"),
    [
        (since(last="999"), ("999", False)),
        (since("1000", last="1000"), ("1000", False)),
        (since("1000", last="1001"), ("1000", True)),
        ({"transactions": ["spoiled"], "lastTransactionID": "1000"}, ("999", False)),
    ],
    ids=["nothing new", "all", "more", "spoiled"],
)
def test_an_answer_tells_how_far_it_came(body: Any, reached: tuple[str, bool]) -> None:
    assert reached_id(body, "999") == reached


@pytest.mark.parametrize(
    "body",
    [since("998", last="1001"), since("999", last="999"), since(last="1000"), {"transactions": []}],
    ids=["older", "the same", "nothing though there is", "no last"],
)
def test_an_answer_that_leads_nowhere_breaks_the_contract(body: Any) -> None:
    with pytest.raises(ContractBroken):
        reached_id(body, "999")


@pytest.mark.parametrize(
    "raw", ["x", {}, {"id": 7}, {"id": "seven"}, {"id": "\u0667"}, {"id": "9" * 5000}]
)
def test_a_row_without_a_readable_id_has_no_mark(raw: Any) -> None:
    assert mark_of(raw) is None


def test_a_forbidden_account_is_no_refused_token() -> None:
    refused = refused_account(Reply(Request(f"{BASE}/summary"), 403, None))
    assert isinstance(refused, RequestRejected)


@pytest.mark.parametrize(
    ("path", "status"), [("/v3/accounts", 403), (f"{BASE}/summary", 401), (f"{BASE}/summary", 200)]
)
def test_everything_else_means_what_http_says(path: str, status: int) -> None:
    assert refused_account(Reply(Request(path), status, None)) is None


def test_the_login_is_a_bearer_token() -> None:
    assert SPEC.auth["api_key"].headers({"token": "t"}) == {"Authorization": "Bearer t"}
