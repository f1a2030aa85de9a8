from decimal import Decimal
from typing import Any

import pytest

from shared.brokers.tradovate.join import Joiner, Library, find_cancelled
from tests.unit.brokers.tradovate.samples import bundle, row

FILL = {"id": 5, "orderId": 4, "qty": 2, "price": Decimal(100)}
TWIN = {**FILL, "id": 6}
REPORT = {"orderId": 4, "lastQty": 2, "lastPx": Decimal(100), "execType": "TradeCancel"}


@pytest.mark.parametrize(
    ("reports", "fills", "void", "unmatched"),
    [
        ([{**REPORT, "execRefId": "5"}], [FILL, TWIN], {5}, 0),
        ([REPORT], [FILL], {5}, 0),
        ([REPORT], [FILL, TWIN], set(), 1),  # which of the twins is not said
        ([REPORT], [], set(), 1),
        ([{**REPORT, "lastPx": Decimal(99)}], [FILL], set(), 1),
    ],
)
def test_a_report_takes_back_the_fill_that_it_names_or_the_only_one_like_it(
    reports: list[Any], fills: list[Any], void: set[int], unmatched: int
) -> None:
    found, left = find_cancelled(reports, fills)
    assert (found, len(left)) == (void, unmatched)


def test_a_correction_voids_the_old_fill_where_the_new_one_has_its_own_id() -> None:
    report = {**REPORT, "execType": "TradeCorrect", "execRefId": "5", "lastPx": Decimal(101)}
    new = {**FILL, "id": 9, "price": Decimal(101)}
    assert find_cancelled([report], [FILL, new]) == ({5}, [])


def test_a_correction_in_place_voids_nothing() -> None:
    report = {**REPORT, "execType": "TradeCorrect", "execRefId": "5"}
    assert find_cancelled([report], [FILL]) == (set(), [])


def test_a_correction_that_names_no_fill_is_told() -> None:
    report = {**REPORT, "execType": "TradeCorrect"}
    assert find_cancelled([report], [FILL]) == (set(), [report])


def test_only_what_is_read_is_kept_of_what_changes_with_time() -> None:
    assert set(row()["maturity"]) == {"id", "expirationMonth"}
    assert set(row()["contract"]) == {"id", "name"}
    assert row()["fill"] == bundle()["fill"][0]


def test_a_fill_of_an_unknown_contract_is_composed_without_it() -> None:
    found = Joiner(Library()).row({"id": 1, "contractId": 2}, 3)
    assert (found["account"], found["contract"], found["product"]) == ("3", None, None)


def test_a_spoiled_fill_is_kept_as_it_is() -> None:
    assert Joiner(Library()).row("spoiled", None) == {
        "fill": "spoiled",
        "fee": None,
        "contract": None,
        "maturity": None,
        "product": None,
        "currencies": {},
    }
