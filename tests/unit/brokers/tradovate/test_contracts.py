from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from shared.brokers.tradovate.contracts import full_symbol, joined_instrument, listed_instrument
from shared.domain.errors import UnparseableRow
from shared.domain.execution import AssetClass


def joined(name: str, root: str, month: Any, kind: str = "Futures") -> dict[str, Any]:
    return {
        "contract": {"name": name},
        "maturity": {"expirationMonth": month},
        "product": {"name": root, "productType": kind, "valuePerPoint": Decimal("2.0")},
    }


@pytest.mark.parametrize(
    ("name", "root", "month", "symbol"),
    [
        ("MNQZ6", "MNQ", 202612, "MNQZ26"),
        ("MNQZ6", "MNQ", 201612, "MNQZ16"),
        ("MNQZ6", "MNQ", 203612, "MNQZ36"),
        ("CLF7", "CL", 202612, "CLF27"),  # January's crude ends in December
        ("CLZ9", "CL", 203001, "CLZ29"),
        ("6EM26", "6E", 202606, "6EM26"),
    ],
)
def test_the_maturity_tells_the_year(name: str, root: str, month: int, symbol: str) -> None:
    found = joined_instrument(joined(name, root, month))
    assert (found.symbol, found.root, found.multiplier) == (symbol, root, 2)


@pytest.mark.parametrize(
    ("name", "root", "month"),
    [
        ("MNQZ6", "MNQ", 202412),
        ("MNQZ6", "ES", 202612),
        ("MNQ", "MNQ", 202612),
        ("MNQZ6", "MNQ", "x"),
    ],
)
def test_a_name_that_does_not_fit_is_refused(name: str, root: str, month: Any) -> None:
    with pytest.raises(UnparseableRow):
        joined_instrument(joined(name, root, month))


def test_an_option_keeps_its_name() -> None:
    found = joined_instrument(joined("ESM6 C5000", "ES", None, "Options"))
    assert (found.symbol, found.asset_class) == ("ESM6 C5000", AssetClass.OPTION)


@pytest.mark.parametrize(("day", "symbol"), [("2026-06-15", "ESM26"), ("2027-01-05", "ESM36")])
def test_the_day_of_a_trade_tells_the_year_of_a_report(day: str, symbol: str) -> None:
    found = listed_instrument("ESM6", "ES", date.fromisoformat(day))
    assert (found.symbol, found.multiplier) == (symbol, 50)


def test_a_future_whose_size_is_unknown_is_refused() -> None:
    with pytest.raises(UnparseableRow, match="Product"):
        listed_instrument("XYZM6", "XYZ", date(2026, 6, 15))


def test_a_name_of_two_digits_must_agree() -> None:
    with pytest.raises(UnparseableRow):
        full_symbol("ESM16", "ES", (2026,))
