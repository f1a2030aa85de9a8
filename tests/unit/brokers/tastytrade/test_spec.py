import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared.brokers.spec import BrokerAccount, HeldPosition, Page, Reply, Request, Window
from shared.brokers.tastytrade.account import read_accounts, read_holdings, rows_of, total_of
from shared.brokers.tastytrade.spec import SPEC, error_of
from shared.domain.errors import AuthRejected, ContractBroken, RequestRejected
from shared.domain.execution import AssetClass
from shared.domain.money import loads_exact

SAMPLES = Path(__file__).parents[3] / "fixtures" / "tastytrade"
ACCOUNT = BrokerAccount("5WT00001", "5WT00001", "USD")
START = datetime(2026, 3, 16, 14, 0, 0, 250_000, tzinfo=UTC)
BALANCE = {"data": {"account-number": "5WT00001", "cash-balance": "1234.56"}}
TOKEN, PATH = Request("/oauth/token"), Request("/accounts/5WT00001/transactions")


def sample(name: str) -> Any:
    return loads_exact((SAMPLES / f"{name}.json").read_bytes())


ERRORS = sample("errors")


def positions(**changes: Any) -> dict[str, Any]:
    rows = sample("positions")["data"]["items"]
    return {"data": {"items": [{**rows[0], **changes}, *rows[1:]]}}


class TestAsking:
    async def asked(self) -> Request:
        seen: list[Request] = []

        async def ask(request: Request) -> Any:
            seen.append(request)
            return {**sample("transactions_page1"), "pagination": {"total-items": 2}}

        window = Window(START - timedelta(days=5), START)
        pages: list[Page] = [p async for p in SPEC.history[0].walk(ask, ACCOUNT, window)]
        assert [len(page.rows) for page in pages] == [2]
        return seen[0]

    async def test_a_window_is_asked_for_a_little_wider_in_whole_seconds(self) -> None:
        params = (await self.asked()).params
        assert params["start-at"] == "2026-03-11T13:59:59Z"
        assert params["end-at"] == "2026-03-16T14:00:02Z"

    async def test_rows_are_asked_for_oldest_first_in_the_largest_pages(self) -> None:
        request = await self.asked()
        shown = {name: request.params[name] for name in ("sort", "per-page", "page-offset")}
        assert request.path == "/accounts/5WT00001/transactions"
        assert shown == {"sort": "Asc", "per-page": "2000", "page-offset": "0"}

    def test_every_request_names_the_product_and_its_version(self) -> None:
        assert re.fullmatch(r"daybias/\d+\.\d+\.\d+", SPEC.headers["User-Agent"])

    def test_reading_is_all_that_the_browser_asks_for(self) -> None:
        assert SPEC.oauth is not None
        assert SPEC.oauth.scopes == ("read",)


class TestAccounts:
    def test_closed_accounts_are_read_too(self) -> None:
        assert [one.account_id for one in read_accounts(sample("accounts"))] == [
            "5WT00001",
            "5WT00002",
            "5WT00003",
            "5WT00009",
        ]

    @pytest.mark.parametrize(
        "body",
        [
            None,
            {},
            {"data": []},
            {"data": {"items": {}}},
            {"data": {"items": [{"account-number": "5WT00001"}]}},
            {"data": {"items": [{"account": {"account-number": 5}}]}},
        ],
        ids=str,
    )
    def test_another_shape_breaks_the_contract(self, body: Any) -> None:
        with pytest.raises(ContractBroken):
            read_accounts(body)


class TestHoldings:
    def test_quantities_have_the_sign_of_their_direction(self) -> None:
        held = read_holdings((BALANCE, sample("positions")), ACCOUNT)
        assert held.cash == Decimal("1234.56")
        assert {one.symbol: one.quantity for one in held.positions} == {
            "AAPL": 50,
            "SPY   260320P00550000": -2,
            "SPY   260320P00545000": 2,
            "/ESM6": 1,
        }

    def test_a_position_is_kept_as_its_fills_are(self) -> None:
        held = read_holdings((BALANCE, sample("positions")), ACCOUNT)
        assert held.positions[3] == HeldPosition(
            "/ESM6", "ES", Decimal(1), Decimal("5725.25"), AssetClass.FUTURE
        )

    def test_what_is_flat_again_is_left_out(self) -> None:
        flat = positions(**{"quantity": 0, "quantity-direction": "Zero"})
        assert len(read_holdings((BALANCE, flat), ACCOUNT).positions) == 3

    def test_what_never_comes_into_the_journal_is_left_out(self) -> None:
        bond = positions(**{"instrument-type": "Bond"})
        assert len(read_holdings((BALANCE, bond), ACCOUNT).positions) == 3

    def test_a_quantity_may_be_a_text(self) -> None:
        assert read_holdings((BALANCE, positions(quantity="50.5")), ACCOUNT).positions[
            0
        ].quantity == Decimal("50.5")

    @pytest.mark.parametrize(("effect", "cash"), [("Debit", "-7"), ("Credit", "7")])
    def test_cash_with_an_effect_has_its_sign(self, effect: str, cash: str) -> None:
        told = {"account-number": "5WT00001", "cash-balance": "7", "cash-balance-effect": effect}
        held = read_holdings(({"data": told}, sample("positions")), ACCOUNT)
        assert held.cash == Decimal(cash)

    @pytest.mark.parametrize(
        ("balance", "held"),
        [
            (None, sample("positions")),
            ({"data": {"account-number": "5WT00001"}}, sample("positions")),
            ({"data": {**BALANCE["data"], "account-number": "5WT00002"}}, sample("positions")),
            (BALANCE, {"data": {}}),
            (BALANCE, positions(**{"account-number": "5WT00002"})),
            (BALANCE, positions(**{"quantity-direction": "Up"})),
            (BALANCE, positions(quantity=None)),
        ],
        ids=range(7),
    )
    def test_another_shape_breaks_the_contract(self, balance: Any, held: Any) -> None:
        with pytest.raises(ContractBroken):
            read_holdings((balance, held), ACCOUNT)


@pytest.mark.parametrize("body", [None, {}, {"pagination": {"total-items": "6"}}], ids=str)
def test_pages_without_their_total_break_the_contract(body: Any) -> None:
    with pytest.raises(ContractBroken):
        total_of(body)


def test_rows_and_their_total_are_found() -> None:
    page = sample("transactions_page0")
    assert (len(rows_of(page)), total_of(page)) == (4, 6)


def meaning(request: Request, status: int, body: Any) -> Any:
    return error_of(Reply(request, status, body))


class TestErrors:
    def test_a_program_that_is_not_named_is_no_fault_of_the_login(self) -> None:
        for request in (TOKEN, PATH):  # its body is HTML
            assert isinstance(meaning(request, 401, None), ContractBroken)

    def test_a_login_that_is_refused_is_the_user_s(self) -> None:
        told = meaning(TOKEN, 400, ERRORS["refresh_dead"]["body"])
        assert isinstance(told, AuthRejected)
        assert "create a new one" in str(told)

    def test_a_secret_of_another_application_is_named(self) -> None:
        body = {"error_code": "invalid_grant", "error_description": "Client secret mismatch"}
        assert "not of one application" in str(meaning(TOKEN, 400, body))

    def test_an_account_that_is_refused_is_refused_alone(self) -> None:
        assert isinstance(meaning(PATH, 403, ERRORS["403"]["body"]), RequestRejected)

    def test_a_grant_that_may_not_list_accounts_lacks_its_scope(self) -> None:
        told = meaning(SPEC.accounts.request, 403, ERRORS["403"]["body"])
        assert isinstance(told, AuthRejected)

    def test_a_version_that_is_gone_asks_for_an_update(self) -> None:
        assert "update Daybias" in str(meaning(PATH, 406, {"error": {"code": 406}}))

    @pytest.mark.parametrize("name", ["401_token", "400_per_page", "429", "502_html"])
    def test_what_http_says_already_is_left_to_it(self, name: str) -> None:
        told = ERRORS[name]
        body = told["body"] if isinstance(told["body"], dict) else None
        assert meaning(PATH, told["status"], body) is None

    def test_no_word_of_a_body_is_quoted(self) -> None:
        told = meaning(TOKEN, 400, {"error_code": "x", "error_description": "hunter2"})
        assert "hunter2" not in str(told)


def test_a_saved_answer_with_a_spoiled_item_keeps_it() -> None:
    (told,) = SPEC.history[0].rows({"data": {"items": [None]}})
    assert told is None
