"""Both walks against answers in turn, where a whole sync would show less."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from shared.brokers.binance.spot import (
    Pair,
    Progress,
    by_symbols,
    candidates,
    read_pairs,
    round_from,
)
from shared.brokers.binance.usdm import by_weeks
from shared.brokers.spec import BrokerAccount, Page, Request, Walk, Window
from shared.domain.errors import ContractBroken
from shared.domain.money import loads_exact
from shared.domain.time import parse_instant

SAMPLES = Path(__file__).parents[3] / "fixtures" / "binance"
INFO: Any = loads_exact((SAMPLES / "exchange_info_min.json").read_bytes())
SPOT = BrokerAccount("7:spot", "7 spot", "USDT")
FUTURES = BrokerAccount("7:usdm", "7 USD-M futures", "USDT")
NOW = parse_instant("2025-11-24T00:00:00Z")
AT = 1763900000000
PAIRS = {
    "BTCUSDT": Pair("BTC", "USDT"),
    "ETHBTC": Pair("ETH", "BTC"),
    "ETHUSDT": Pair("ETH", "USDT"),
    "SOLZAR": Pair("SOL", "ZAR"),
}


class Exchange:
    """Answers by path, each in turn, the last one for ever."""

    def __init__(self, **answers: list[Any]) -> None:
        standard = {
            "exchangeInfo": [INFO],
            "account": [{"balances": []}],
            "openOrders": [[]],
            "positionRisk": [[]],
            "income": [[]],
        }
        self.answers = {**standard, **answers}
        self.asked: list[Request] = []

    async def ask(self, request: Request) -> Any:
        self.asked.append(request)
        found = self.answers[request.path.rpartition("/")[2]]
        return found.pop(0) if len(found) > 1 else found[0]

    async def walked(self, walk: Walk, account: BrokerAccount, window: Window) -> list[Page]:
        return [page async for page in walk(self.ask, account, window)]

    def params(self, path: str) -> list[dict[str, str]]:
        return [dict(one.params) for one in self.asked if one.path.endswith(path)]


def window(days: int = 1, mark: str | None = None) -> Window:
    return Window(NOW - timedelta(days=days), NOW, mark)


def trade(number: int, at: int = AT) -> dict[str, Any]:
    return {"symbol": "BTCUSDT", "id": number, "time": at}


async def test_pages_are_followed_by_the_id_after_the_last() -> None:
    exchange = Exchange(myTrades=[[trade(5), trade(6)], [trade(9), trade(12)], []])
    pages = await exchange.walked(by_symbols(2), SPOT, window())
    assert [one["fromId"] for one in exchange.params("myTrades")] == ["0", "7", "13"]
    assert sum(len(page.rows) for page in pages) == 4
    mark = pages[-1].mark
    assert mark is not None
    assert Progress.of(mark).last == {"BTCUSDT": 12}


async def test_a_mark_begins_where_it_ended() -> None:
    mark = Progress({"BTCUSDT": 12}, "BTCUSDT", NOW.date()).mark()
    exchange = Exchange(myTrades=[[]])
    await exchange.walked(by_symbols(2), SPOT, window(mark=mark))
    assert [one["fromId"] for one in exchange.params("myTrades")] == ["13"]


async def test_a_young_trade_is_asked_for_again() -> None:
    young = int(NOW.timestamp() * 1000) - 1000
    exchange = Exchange(myTrades=[[trade(5), trade(6, young)], []])
    pages = await exchange.walked(by_symbols(2), SPOT, window())
    assert Progress.of(pages[-1].mark).last == {"BTCUSDT": 5}


@pytest.mark.parametrize(
    "rows",
    [["spoiled", {"id": "7"}], [trade(-1), {}], [trade(3), trade(4)]],
    ids=["no ids", "negative", "as before"],
)
async def test_a_full_page_that_leads_no_further_breaks_the_contract(rows: list[Any]) -> None:
    mark = Progress({"BTCUSDT": 4}, "", NOW.date()).mark()
    with pytest.raises(ContractBroken):
        await Exchange(myTrades=[rows]).walked(by_symbols(2), SPOT, window(mark=mark))


async def test_a_spoiled_row_does_not_hold_up_the_walk() -> None:
    exchange = Exchange(myTrades=[[trade(5), "spoiled"], []])
    pages = await exchange.walked(by_symbols(2), SPOT, window())
    assert [raw["trade"] for page in pages for raw in page.rows] == [trade(5), "spoiled"]


async def test_each_row_has_its_pair_with_it() -> None:
    exchange = Exchange(myTrades=[[trade(5)]])
    pages = await exchange.walked(by_symbols(2), SPOT, window())
    assert pages[0].rows == [{"trade": trade(5), "baseAsset": "BTC", "quoteAsset": "USDT"}]


@pytest.mark.parametrize("body", [None, {}, {"symbols": {}}, {"symbols": [1]}])
def test_symbols_of_another_shape_break_the_contract(body: Any) -> None:
    with pytest.raises(ContractBroken):
        read_pairs(body)


def test_symbols_are_known_first_then_held_then_ordered() -> None:
    found = candidates(["SOLZAR"], PAIRS, ["ETH"], [{"symbol": "BTCUSDT"}, "x", {}])
    assert found == ["SOLZAR", "ETHBTC", "ETHUSDT", "BTCUSDT"]


def test_a_coin_against_an_unusual_currency_counts_where_that_is_held_too() -> None:
    assert candidates([], PAIRS, ["SOL"], []) == []
    assert candidates([], PAIRS, ["SOL", "ZAR"], []) == ["SOLZAR"]


def test_a_round_goes_on_behind_the_last_symbol_and_begins_anew() -> None:
    assert round_from("ETHBTC", PAIRS, ["SOLZAR"]) == ["ETHUSDT", "BTCUSDT", "ETHBTC"]


async def test_each_account_has_its_own_walk() -> None:
    exchange = Exchange()
    assert await exchange.walked(by_symbols(), FUTURES, window()) == []
    assert await exchange.walked(by_weeks(), SPOT, window()) == []
    assert exchange.asked == []


async def test_no_span_of_futures_is_longer_than_a_week_and_none_is_left_out() -> None:
    exchange = Exchange(positionRisk=[[trade(1)]], userTrades=[[]])
    pages = await exchange.walked(by_weeks(), FUTURES, window(20))
    spans = [(int(p["startTime"]), int(p["endTime"])) for p in exchange.params("userTrades")]
    week = 7 * 86_400_000
    assert [until - since <= week for since, until in spans] == [True] * 3
    assert all(later[0] <= earlier[1] for earlier, later in pairwise(spans))
    assert pages[-1].complete_until == NOW


async def test_a_full_answer_goes_on_from_its_last_time_and_not_one_later() -> None:
    exchange = Exchange(
        positionRisk=[[trade(1)]], userTrades=[[trade(1, AT), trade(2, AT + 5)], []]
    )
    await exchange.walked(by_weeks(2), FUTURES, window())
    assert [one["startTime"] for one in exchange.params("userTrades")][1] == str(AT + 5)


async def test_a_full_answer_of_one_millisecond_goes_on_by_ids_to_the_end_of_the_span() -> None:
    start = int((NOW - timedelta(days=1)).timestamp() * 1000)
    late = int(NOW.timestamp() * 1000) + 10
    exchange = Exchange(
        positionRisk=[[trade(1)]],
        userTrades=[
            [trade(1, start), trade(2, start)],
            [trade(3, start), trade(4, start)],
            [trade(5, start), trade(6, late)],
        ],
    )
    pages = await exchange.walked(by_weeks(2), FUTURES, window())
    assert [one.get("fromId") for one in exchange.params("userTrades")] == [None, "3", "5"]
    assert [raw["trade"]["id"] for page in pages for raw in page.rows] == [1, 2, 3, 4, 5]


async def test_a_full_answer_that_leads_nowhere_breaks_the_contract() -> None:
    for rows in (["x", "y"], [trade(1, AT - 10**10), trade(2, AT - 10**10)]):
        exchange = Exchange(positionRisk=[[trade(1)]], userTrades=[rows])
        with pytest.raises(ContractBroken):
            await exchange.walked(by_weeks(2), FUTURES, window())


async def test_all_pages_of_the_ledger_are_read() -> None:
    told = {"incomeType": "FUNDING_FEE", "symbol": ""}
    exchange = Exchange(income=[[told, told], [told]])
    pages = await exchange.walked(by_weeks(2), FUTURES, window())
    assert [one["page"] for one in exchange.params("income")] == ["1", "2"]
    assert len(pages[-1].rows) == 3


async def test_the_ledger_is_not_asked_for_what_it_has_no_more() -> None:
    exchange = Exchange()
    await exchange.walked(by_weeks(), FUTURES, window(120))
    first = min(int(one["startTime"]) for one in exchange.params("income"))
    assert first == int((NOW - timedelta(days=89)).timestamp() * 1000)


async def test_a_trade_has_its_commission_of_the_ledger_with_it() -> None:
    cost = {"incomeType": "COMMISSION", "symbol": "BTCUSDT", "tradeId": "5"}
    exchange = Exchange(income=[[cost]], userTrades=[[trade(5)]])
    pages = await exchange.walked(by_weeks(), FUTURES, window())
    assert pages[0].rows == [{"trade": trade(5), "commissions": [cost]}]
    assert pages[-1].mark == '["BTCUSDT"]'


async def test_symbols_that_were_traded_before_are_asked_for_again() -> None:
    exchange = Exchange(userTrades=[[]])
    await exchange.walked(by_weeks(), FUTURES, window(mark='["ETHUSDT"]'))
    assert [one["symbol"] for one in exchange.params("userTrades")] == ["ETHUSDT"]
