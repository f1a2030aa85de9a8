from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import InvalidInput
from shared.domain.execution import Execution, Side
from shared.journal.imports.mapping import Mapping, load_mapping, read_mapping
from shared.journal.imports.reading import BadLine, ReadLine, read_file

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HEADER = "Id,When,Symbol,B/S,Qty,Price,Comm\n"
COLUMNS = {
    "execution_id": "Id",
    "executed_at": ["When"],
    "symbol": "Symbol",
    "side": "B/S",
    "quantity": "Qty",
    "price": "Price",
    "fees": ["Comm"],
}
EUROPEAN = {"delimiter": ";", "decimal_mark": ",", "thousands_mark": "."}
LINE = "1,2026-02-02T15:30:00Z,SPY,buy,10,500.25,1.5\n"


def mapping(**changes: Any) -> Mapping:
    columns = {**COLUMNS, **changes.pop("columns", {})}
    named = {name: column for name, column in columns.items() if column is not None}
    return read_mapping({"account": "old", "columns": named, **changes})


def read(text: str, **changes: Any) -> list[ReadLine | BadLine]:
    return list(read_file(text, mapping(**changes), NOW))


def row(text: str, **changes: Any) -> Execution:
    (found,) = read(text, **changes)
    assert isinstance(found, ReadLine), found
    assert isinstance(found.row.row, Execution)
    return found.row.row


def fault(text: str, **changes: Any) -> str:
    (found,) = read(text, **changes)
    assert isinstance(found, BadLine), found
    return found.reason


def test_a_line_becomes_an_execution() -> None:
    found = row(HEADER + LINE)
    assert (found.execution_id, found.symbol, found.side) == ("1", "SPY", Side.BUY)
    assert (found.quantity, found.price) == (Decimal(10), Decimal("500.25"))
    assert (found.fees[0].amount, found.fees[0].currency) == (Decimal("1.5"), "USD")
    assert found.executed_at == datetime(2026, 2, 2, 15, 30, tzinfo=UTC)


def test_a_mapping_is_toml() -> None:
    text = (
        'account = "old"\n[columns]\nsymbol="S"\nquantity="Q"\nprice="P"\nexecuted_at=["D","T"]\n'
    )
    assert load_mapping(text).columns.executed_at == ("D", "T")


def test_every_fault_of_a_mapping_is_named_at_once() -> None:
    with pytest.raises(InvalidInput, match=r"zone.*columns\.price"):
        read_mapping({"account": "a", "zone": "Mars", "columns": {"symbol": "S"}})


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InvalidInput, match="Price"):
        read("Id,When,Symbol,B/S,Qty,Comm\n")


def test_a_byte_order_mark_is_no_part_of_the_first_header() -> None:
    assert row("\ufeff" + HEADER + LINE).symbol == "SPY"


def test_lines_before_the_header_may_be_left_out() -> None:
    (found,) = read("Account 123\n\n" + HEADER + LINE, skip_lines=2)
    assert found.line == 4


def test_the_sign_tells_the_side_where_no_column_does() -> None:
    found = row(HEADER + LINE.replace(",10,", ",-10,"), columns={"side": None})
    assert (found.side, found.quantity) == (Side.SELL, Decimal(10))


def test_a_files_own_words_are_translated() -> None:
    assert row(HEADER + LINE.replace("buy", "BOT"), sides={"bot": "buy"}).side is Side.BUY


def test_date_and_time_of_a_zone_without_offset_are_an_instant() -> None:
    text = "D,T,Symbol,B/S,Qty,Price,Comm,Id\n02/03/2026,09:30:00,SPY,buy,1,5,,7\n"
    at = row(
        text,
        columns={"executed_at": ["D", "T"]},
        time_format="%m/%d/%Y %H:%M:%S",
        zone="America/New_York",
    ).executed_at
    assert at == datetime(2026, 2, 3, 14, 30, tzinfo=UTC)


def test_european_numbers_are_read_as_they_are_meant() -> None:
    text = (HEADER + LINE).replace(",", ";").replace("500.25", "1.500,25").replace("1.5\n", "1,5\n")
    found = row(text, **EUROPEAN)
    assert (found.price, found.fees[0].amount) == (Decimal("1500.25"), Decimal("1.5"))


@pytest.mark.parametrize("text", ["1.5", "1.50.000", ".500", "1..000", "1.0000"])
def test_a_decimal_point_is_never_taken_for_a_mark_of_thousands(text: str) -> None:
    line = LINE.replace(",", ";").replace("500.25", text).replace("1.5\n", "1,5\n")
    told = fault(HEADER.replace(",", ";") + line, **EUROPEAN)
    assert "not grouped by thousands" in told


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_beyond_the_calendar_is_a_bad_line(when: str) -> None:
    assert "no time of a trade" in fault(HEADER + LINE.replace("2026-02-02T15:30:00Z", when))


def test_what_is_no_csv_is_named_by_its_line_in_the_file() -> None:
    with pytest.raises(InvalidInput, match="line 4"):
        read("Account 123\n\n" + HEADER + '1,"2026"x,\n', skip_lines=2)


def test_fees_that_are_amounts_cost_where_they_are_negative() -> None:
    found = row(HEADER + LINE.replace("1.5\n", "-1.5\n"), fees_are_amounts=True)
    assert found.fees[0].amount == Decimal("1.5")


def test_a_known_future_brings_its_point_value() -> None:
    assert row(HEADER + LINE.replace("SPY", "ES"), asset_class="future").multiplier == 50


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("10", "0", "zero"),
        ("10", "-10", "negative"),
        ("10", "ten", "decimal"),
        ("10", "1e99", "digits"),
        ("10", "", "empty"),
        ("500.25", "NaN", "finite"),
        ("buy", "hold", "none of"),
        ("2026-02-02T15:30:00Z", "2026-04-01T00:00:00Z", "future"),
        ("2026-02-02T15:30:00Z", "yesterday", "ISO 8601"),
        (",1.5", "", "cells"),
        (",1.5", ",1.5,9", "cells"),
    ],
)
def test_a_line_that_cannot_be_read_says_why(before: str, after: str, reason: str) -> None:
    assert reason in fault(HEADER + LINE.replace(before, after, 1))


def test_a_bad_line_keeps_all_of_its_cells() -> None:
    (found,) = read(HEADER + LINE.replace("10", "ten"))
    assert isinstance(found, BadLine)
    assert (found.line, '"Qty": "ten"' in found.raw, '"Price": "500.25"' in found.raw) == (
        2,
        True,
        True,
    )


def test_a_derivative_never_gets_a_guessed_multiplier() -> None:
    assert "multiplier" in fault(HEADER + LINE, asset_class="option")


def test_an_unknown_currency_is_refused() -> None:
    text = HEADER.replace("Comm", "Ccy") + LINE.replace("1.5", "$")
    assert "currency" in fault(text, columns={"fees": None, "currency": "Ccy"})


def test_equal_twins_without_an_id_are_two_fills() -> None:
    lines = read(HEADER + LINE + LINE, columns={"execution_id": None})
    assert len({line.row.identity for line in lines if isinstance(line, ReadLine)}) == 2


def test_the_same_file_again_gives_the_same_rows() -> None:
    text = HEADER + LINE + LINE
    assert read(text, columns={"execution_id": None}) == read(text, columns={"execution_id": None})


@given(st.text())
def test_any_text_is_read_or_refused_by_our_own_errors(text: str) -> None:
    try:
        lines = read(HEADER + text)
    except InvalidInput:
        return
    assert all(isinstance(line, ReadLine | BadLine) for line in lines)


@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9),
)
def test_prices_are_read_to_the_last_digit(price: Decimal) -> None:
    (found,) = read(HEADER + LINE.replace("500.25", format(price, "f")))
    if isinstance(found, ReadLine):
        assert isinstance(found.row.row, Execution)
        assert found.row.row.price == price
