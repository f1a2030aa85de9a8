import contextlib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.brokers.engine.saved import decode_saved, history_of, read_saved
from shared.brokers.spec import ParsedRow
from shared.brokers.tradovate.report import FILLS_REPORT, decode_report, parse_report_row
from shared.brokers.tradovate.rows import parse_row, rows_of
from shared.brokers.tradovate.spec import SPEC
from shared.domain.errors import UnparseableRow
from shared.domain.execution import Execution, FeeOrigin, RowStatus
from tests.unit.brokers.tradovate.samples import FIRST, FOLDER, SECOND, bundle

DATA = (FOLDER / "fills_report.csv").read_bytes()


def line(**fields: Any) -> dict[str, Any]:
    return {**decode_report(DATA)[0], **fields}


def parsed(**fields: Any) -> Execution:
    found = parse_report_row(line(**fields), FIRST).row
    assert isinstance(found, Execution)
    return found


def test_lines_of_a_report_are_the_rows_of_the_api() -> None:
    by_api = [parse_row(raw, FIRST) for raw in rows_of(bundle())[:2]]
    assert [parse_report_row(raw, FIRST) for raw in decode_report(DATA)] == by_api


def test_the_report_is_read_by_its_name() -> None:
    endpoint = history_of(SPEC, "fills_report")
    saved = read_saved(endpoint, decode_saved(SPEC, endpoint, DATA))
    assert [(of, one.execution_id) for of, one in saved.executions] == [
        ("54066902", "540725260010"),
        ("54066902", "540725260021"),
    ]


def test_a_byte_order_mark_is_no_part_of_the_header() -> None:
    assert decode_report(b"\xef\xbb\xbf" + DATA) == decode_report(DATA)


def test_a_fee_that_is_not_written_yet_is_pending() -> None:
    assert [fee.origin for fee in parsed(commission="").fees] == [FeeOrigin.PENDING]
    assert parsed(commission="0.00").fees == ()


def test_a_line_that_is_not_active_does_not_count() -> None:
    assert parsed(_active="false").status is RowStatus.BUSTED


def test_an_older_form_without_utc_times_says_what_to_do() -> None:
    with pytest.raises(UnparseableRow, match="download it again"):
        parse_report_row(line(_timestamp=None), FIRST)


@pytest.mark.parametrize(
    "change",
    [
        {"_id": "x"},
        {"_id": "0"},
        {"_orderId": ""},
        {"_action": "2"},
        {"_qty": "0"},
        {"_qty": "1.5"},
        {"_qty": "-1"},
        {"_price": ""},
        {"_timestamp": "2026-06-14 23:03:54"},
        {"_timestamp": "06/14/2026"},
        {"_active": "maybe"},
        {"Contract": "ESM"},
        {"Product": "XYZ"},
        {"commission": "much"},
        {"_accountId": ""},
    ],
)
def test_a_spoiled_line_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(UnparseableRow):
        parse_report_row(line(**change), FIRST)


def test_a_line_of_another_account_is_refused() -> None:
    with pytest.raises(UnparseableRow, match="account"):
        parse_report_row(line(), SECOND)


@pytest.mark.parametrize("data", [b"", b"a,b\n1,2\n", b"\xff\xfe", b'Fill ID,"Contract\n'])
def test_another_file_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"header|CSV|decode"):
        decode_report(data)


@given(st.sampled_from(sorted(line())), st.text(max_size=12) | st.none())
def test_whatever_stands_in_a_column_gives_a_row_or_a_refusal(name: str, value: Any) -> None:
    FILLS_REPORT.booked_on(line(**{name: value}))
    with contextlib.suppress(UnparseableRow):
        assert isinstance(parse_report_row(line(**{name: value}), FIRST), ParsedRow)


def test_a_report_tells_the_session_of_a_line() -> None:
    day = FILLS_REPORT.booked_on(line())
    assert day is not None
    assert (day.isoformat(), FILLS_REPORT.booked_on("spoiled")) == ("2026-06-15", None)
    assert parsed().price == Decimal("7494.25")
