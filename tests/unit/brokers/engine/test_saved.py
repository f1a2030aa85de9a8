import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared.brokers.engine.saved import decode_saved, history_of, read_saved, saved_json
from shared.domain.errors import InvalidInput
from shared.domain.money import loads_exact
from shared.wiring.brokers import SPECS

FIXTURES = Path(__file__).parents[3] / "fixtures"


def sample(name: str) -> Any:
    return loads_exact((FIXTURES / f"{name}.json").read_bytes())


def parsed(broker: str, body: Any, **more: str) -> dict[str, Any]:
    return saved_json(read_saved(history_of(SPECS[broker], None), body, **more))


@pytest.mark.parametrize(
    ("broker", "name", "account"),
    [
        ("alpaca", "activities_fill_page1", "A1"),
        ("oanda", "idrange_page1", "101-004-9990417-001"),
        ("topstepx", "trades", "21770041"),
        ("schwab", "transactions_trade", "48217735"),
        ("tradestation", "historicalorders_page1", "11223344"),
        ("tastytrade", "transactions_page0", "5WT00001"),
        ("binance", "spot_mytrades", "A1"),
        ("ibkr", "activity_three_accounts", "DU1111111"),
        ("tradovate", "session", "54066903"),
        ("kraken", "trades_history", "A1"),
    ],
)
def test_a_saved_answer_of_every_broker_is_read(broker: str, name: str, account: str) -> None:
    (file,) = (FIXTURES / broker).glob(f"{name}.*")
    found = parsed(broker, SPECS[broker].decode(file.read_bytes()), account_id="A1")
    assert account in {one["account_id"] for one in found["executions"]}


def test_an_execution_is_shown_exactly() -> None:
    first = parsed("topstepx", sample("topstepx/trades"))["executions"][0]
    assert first == {
        "execution_id": "2310458131",
        "order_id": "2640071297",
        "account_id": "21770041",
        "symbol": "CON.F.US.MNQ.M26",
        "side": "sell",
        "quantity": "2",
        "price": "25336.25",
        "executed_at": "2026-03-13T14:31:44.901000Z",
        "fees": [{"amount": "0.74", "currency": "USD"}, {"amount": "0.5", "currency": "USD"}],
        "currency": "USD",
        "asset_class": "future",
        "multiplier": "2",
    }


def test_a_single_row_is_read_as_a_whole_answer_is() -> None:
    body = sample("topstepx/trades")
    assert parsed("topstepx", body["trades"][0])["executions"] == [
        parsed("topstepx", body)["executions"][0]
    ]


def test_a_cancelled_fill_does_not_look_like_one_that_stands() -> None:
    row = {**sample("topstepx/trades")["trades"][0], "voided": True}
    assert parsed("topstepx", row)["executions"][0]["status"] == "busted"


def test_rows_that_are_left_out_and_rows_that_are_not_read_are_told_apart() -> None:
    row = sample("oanda/idrange_page1")["transactions"][0]
    order = {**row, "type": "LIMIT_ORDER", "id": "1"}
    broken = {**row, "type": "ORDER_FILL", "units": "abc"}
    found = parsed("oanda", {"transactions": [order, broken]})
    assert [one["row"]["id"] for one in found["ignored"]] == ["1"]
    assert [one["row"]["units"] for one in found["unparseable"]] == ["abc"]
    assert json.dumps(found, default=str)


def test_decimals_are_texts_and_the_currency_is_the_accounts() -> None:
    fee = next(r for r in sample("alpaca/activities_non_trade") if r["activity_type"] == "FEE")
    del fee["currency"]
    (event,) = parsed("alpaca", fee, currency="EUR")["events"]
    assert (Decimal(event["amount"]) < 0, event["amount"][0], event["currency"]) == (
        True,
        "-",
        "EUR",
    )


def test_a_history_that_the_broker_has_not_names_those_it_has() -> None:
    with pytest.raises(InvalidInput, match="historicalorders, orders"):
        history_of(SPECS["tradestation"], "fills")


def test_rows_without_their_answer_are_read_each() -> None:
    rows = sample("topstepx/trades")["trades"]
    whole = parsed("topstepx", sample("topstepx/trades"))
    assert parsed("topstepx", rows) == whole


def test_an_answer_of_no_rows_is_no_row() -> None:
    assert parsed("oanda", []) == {"executions": [], "events": [], "ignored": [], "unparseable": []}


def decoded(broker: str, data: bytes) -> Any:
    return decode_saved(SPECS[broker], SPECS[broker].history[0], data)


def test_a_saved_stream_is_read_line_by_line() -> None:
    stream = b'{"type":"HEARTBEAT","time":"2026-03-13T13:30:01Z"}\n\n{"type":"LIMIT_ORDER"}\n'
    found = parsed("oanda", decoded("oanda", stream))
    assert [one["reason"] for one in found["ignored"]] == ["HEARTBEAT", "LIMIT_ORDER"]


@pytest.mark.parametrize("data", [b'[{"id": 1},\n{"id":', b"<html>\n<body/>\n</html>", b"", b"\n"])
def test_what_is_cut_or_something_else_is_no_answer(data: bytes) -> None:
    for broker in ("alpaca", "ibkr"):
        with pytest.raises(ValueError, match=r".+"):
            decoded(broker, data)


def test_a_fee_that_is_not_told_yet_is_unknown_and_not_zero() -> None:
    body = sample("tradovate/session")
    first, last = (parsed("tradovate", body)["executions"][place] for place in (0, -1))
    assert (first["fees"], first.get("unknown")) == ([{"amount": "2.88", "currency": "USD"}], None)
    assert (last["fees"], last["unknown"]) == ([], ["fees"])
