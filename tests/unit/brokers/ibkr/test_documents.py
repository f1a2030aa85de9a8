"""Answers as XML, statements in them, accounts and positions from them."""

from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.brokers.ibkr.columns import refuse_missing
from shared.brokers.ibkr.documents import ACTIVITY, decode, raw_statements, statements_of
from shared.brokers.ibkr.spec import read_accounts, read_holdings
from shared.brokers.spec import BrokerAccount
from shared.domain.errors import ContractBroken, InvalidInput

SAMPLES = Path(__file__).parents[3] / "fixtures" / "ibkr"
ACCOUNT = BrokerAccount("DU1111111", "DU1111111", "USD")
INFORMED = '<AccountInformation accountId="DU1111111" currency="EUR" />'


def sample(name: str) -> Any:
    return decode((SAMPLES / f"{name}.xml").read_bytes())


def report(*sections: str, days: tuple[str, str] = ("20260922", "20260925")) -> Any:
    statement = f'<FlexStatement accountId="DU1111111" fromDate="{days[0]}" toDate="{days[1]}">'
    inside = f"{statement}{''.join(sections)}</FlexStatement>"
    text = f'<FlexQueryResponse type="AF"><FlexStatements>{inside}</FlexStatements>'
    return decode(f"{text}</FlexQueryResponse>".encode())


# -------------------------------------------------------------------- XML


def test_a_report_becomes_statements_of_rows() -> None:
    first = sample("activity_three_accounts")["statements"][0]
    assert (first["accountId"], first["sections"]) == (
        "DU1111111",
        ["AccountInformation", "OpenPositions", "CashReport", "Trades"],
    )
    assert [row["row"] for row in first["rows"]] == [
        "AccountInformation",
        "OpenPosition",
        "CashReportCurrency",
        "CashReportCurrency",
        "Trade",
    ]


def test_a_short_answer_becomes_its_fields_in_lower_case() -> None:
    assert sample("sendrequest_fail_1003") == {
        "answer": {
            "status": "Fail",
            "errorcode": "1003",
            "errormessage": "Statement is not available.",
        }
    }


def test_a_missing_field_is_not_an_empty_one() -> None:
    (row,) = report('<Trades><Trade a="" /></Trades>')["statements"][0]["rows"]
    assert (row["a"], "b" in row) == ("", False)


@pytest.mark.parametrize(
    "head",
    [
        "<!DOCTYPE FlexQueryResponse>",
        '<!DOCTYPE x [<!ENTITY a "aaaa">]>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
    ],
)
def test_document_types_and_entities_are_refused(head: str) -> None:
    with pytest.raises(ContractBroken, match="document type"):
        decode(f"{head}<FlexQueryResponse type='AF'></FlexQueryResponse>".encode())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"rows": []}',
        b"<FlexQueryResponse>",
        b"<html><p>Maintenance</p></html>",
        b"\xff\xfe\x00",
        b'<?xml version="1.0" encoding="ebcdic-cp-us"?><FlexQueryResponse/>',
    ],
)
def test_what_is_no_flex_document_is_no_answer(content: bytes) -> None:
    with pytest.raises(ValueError, match="no"):
        decode(content)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with suppress(ValueError, ContractBroken):
        assert isinstance(decode(content), dict)


# -------------------------------------------------------------- statements


def test_a_statement_a_day_is_put_in_order() -> None:
    body = report(days=("20260924", "20260924"))
    body["statements"] += report(days=("20260923", "20260923"))["statements"]
    assert [s.first_day for s in statements_of(body, ACCOUNT)] == [
        date(2026, 9, 23),
        date(2026, 9, 24),
    ]


def test_an_account_that_a_report_has_not_is_not_an_account_without_trades() -> None:
    with pytest.raises(ContractBroken, match="no statement of account DU7"):
        statements_of(report(), BrokerAccount("DU7", "DU7", "USD"))


@pytest.mark.parametrize("days", [("", "20260925"), ("22/09/2026", "25/09/2026")])
def test_a_statement_whose_days_cannot_be_told_breaks_the_contract(days: tuple[str, str]) -> None:
    with pytest.raises(ContractBroken, match="fromDate"):
        statements_of(report(days=days), ACCOUNT)


@pytest.mark.parametrize("body", [None, [], {"answer": {}}, {"row": "Trade"}])
def test_what_is_no_report_breaks_the_contract(body: Any) -> None:
    with pytest.raises(ContractBroken):
        read_accounts(body)


# ----------------------------------------------------- accounts, positions


def test_accounts_have_the_currency_that_they_are_kept_in() -> None:
    found = read_accounts(sample("activity_three_accounts"))
    assert [(a.account_id, a.currency) for a in found] == [
        ("DU1111111", "USD"),
        ("DU2222222", "EUR"),
        ("DU3333333", "USD"),
    ]


def test_a_query_of_no_account_is_refused() -> None:
    with pytest.raises(ContractBroken, match="add one"):
        read_accounts({"type": "AF", "statements": []})


def test_a_query_without_the_accounts_currency_is_refused() -> None:
    with pytest.raises(InvalidInput, match="Account Information"):
        read_accounts(report())


def test_positions_cash_and_their_time_are_read() -> None:
    holdings = read_holdings([sample("activity_three_accounts")], ACCOUNT)
    assert holdings is not None
    assert holdings.cash == Decimal("11170.956057")
    assert [(p.symbol, p.quantity, p.average_price) for p in holdings.positions] == [
        ("CLF", -100, Decimal("11.70956057"))
    ]
    assert holdings.as_of == datetime(2026, 9, 25, 21, 0, tzinfo=UTC)


def test_lots_are_not_counted_a_second_time() -> None:
    position = (
        '<OpenPosition currency="USD" assetCategory="STK" symbol="CLF" multiplier="1" '
        'position="5" levelOfDetail="{}" />'
    )
    both = "".join(position.format(level) for level in ("SUMMARY", "LOT"))
    holdings = read_holdings(
        [report(f"<OpenPositions>{both}</OpenPositions>", "<CashReport />")], ACCOUNT
    )
    assert holdings is not None
    assert [p.quantity for p in holdings.positions] == [5]


def test_nothing_is_held_where_the_sections_are_empty() -> None:
    holdings = read_holdings([report("<OpenPositions />", "<CashReport />")], ACCOUNT)
    assert holdings is not None
    assert (holdings.positions, holdings.cash) == ((), 0)


@pytest.mark.parametrize("only", ["<OpenPositions />", "<CashReport />", ""])
def test_nothing_is_known_where_a_section_is_missing(only: str) -> None:
    assert read_holdings([report(only)], ACCOUNT) is None


def test_a_position_that_cannot_be_read_breaks_the_contract() -> None:
    spoiled = '<OpenPositions><OpenPosition symbol="X" levelOfDetail="SUMMARY" /></OpenPositions>'
    with pytest.raises(ContractBroken, match="open positions"):
        read_holdings([report(spoiled, "<CashReport />")], ACCOUNT)


# ----------------------------------------------------------------- columns


def test_every_missing_column_is_named_once() -> None:
    rows = '<Trade symbol="A" levelOfDetail="EXECUTION" />' * 2
    with pytest.raises(InvalidInput) as caught:
        refuse_missing(report(f"<Trades>{rows}</Trades>")["statements"])
    assert {"Trade.ibExecID", "Trade.transactionID", "Trade.dateTime"} <= set(caught.value.expected)
    assert len(caught.value.expected) == len(set(caught.value.expected))


def test_rows_that_are_left_out_may_lack_whatever_they_like() -> None:
    rows = '<Order symbol="A" /><Trade symbol="A" levelOfDetail="ORDER" /><Lot symbol="A" />'
    refuse_missing(report(f"<Trades>{rows}</Trades>", INFORMED)["statements"])


@pytest.mark.parametrize(
    "name", ["activity_three_accounts", "trade_confirms_today", "trade_confirms_empty"]
)
def test_the_samples_of_full_queries_lack_nothing(name: str) -> None:
    refuse_missing(sample(name)["statements"])


TRADE = '<Trade accountId="U1" tradeID="7" />'
ROW = {"row": "Trade", "accountId": "U1", "tradeID": "7"}


@pytest.mark.parametrize(
    "part",
    [
        f'<FlexStatement accountId="U1"><Trades>{TRADE}</Trades></FlexStatement>',
        f"<FlexStatements><FlexStatement><Trades>{TRADE}</Trades></FlexStatement></FlexStatements>",
        f"<Trades>{TRADE}</Trades>",
    ],
)
def test_a_part_of_a_report_keeps_its_rows(part: str) -> None:
    found = decode(part.encode())
    assert [row for one in found["statements"] for row in one["rows"]] == [ROW]


def test_a_part_of_a_report_is_none_that_was_asked_for() -> None:
    with pytest.raises(ContractBroken, match="expected a report of type AF, found None"):
        raw_statements(decode(f"<Trades>{TRADE}</Trades>".encode()), ACTIVITY)


def test_a_row_of_options_alone_is_a_row_and_no_section() -> None:
    assert decode(b'<OptionEAE accountId="U1" />') == {"row": "OptionEAE", "accountId": "U1"}
