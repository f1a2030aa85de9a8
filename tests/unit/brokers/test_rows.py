from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError, model_validator

from shared.brokers.engine.saved import read_saved
from shared.brokers.rows import time_of, unparseable
from shared.domain.errors import UnparseableRow
from shared.domain.money import loads_exact, parse_decimal
from shared.domain.time import parse_instant
from shared.wiring.brokers import SPECS


class Ordered(BaseModel):
    low: int = 0
    high: int = 0

    @model_validator(mode="after")
    def _in_order(self) -> "Ordered":
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


def refused(**fields: Any) -> ValidationError:
    with pytest.raises(ValidationError) as found:
        Ordered(**fields)
    return found.value


def test_a_wrong_field_is_named_with_the_kind_of_row() -> None:
    assert str(unparseable(refused(low="x"), "FILL")).startswith("FILL: low: Input should be")


def test_fields_that_do_not_go_together_name_the_row() -> None:
    assert str(unparseable(refused(low=2))) == "row: Value error, low is above high"


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "1969-12-31T"])
def test_a_time_that_no_trade_can_have_is_none(text: str) -> None:
    with pytest.raises(UnparseableRow, match="at: expected a time"):
        time_of({"at": text}, "at", parse_instant)


def test_a_day_that_no_trade_can_have_is_none() -> None:
    with pytest.raises(UnparseableRow, match="on: expected a time"):
        time_of({"on": "9999-12-31"}, "on", date.fromisoformat)


def test_an_instant_is_read_by_the_form_of_the_broker() -> None:
    found: datetime = time_of({"at": "2026-03-13T13:30:01Z"}, "at", parse_instant)
    assert found.year == 2026


EDGES = (
    ("alpaca", {"activity_type": "FEE", "id": "1", "date": "9999-12-31", "net_amount": "1"}),
    ("alpaca", {"activity_type": "OPEXP", "id": "1", "date": "9999-12-31", "net_amount": "0",
                "symbol": "AAPL260417C00180000", "qty": "1"}),
    ("oanda", {"type": "DAILY_FINANCING", "id": "1", "financing": "1",
               "time": "0001-01-01T00:00:00Z"}),
    ("ibkr", {"row": "CashTransaction", "type": "Dividends", "transactionID": "1", "amount": "1",
              "currency": "USD", "reportDate": "20260313", "dateTime": "99991231;235959"}),
)  # fmt: skip


@pytest.mark.parametrize(("broker", "row"), EDGES, ids=lambda one: str(one)[:8])
def test_the_ends_of_the_calendar_are_not_read(broker: str, row: dict[str, Any]) -> None:
    saved = read_saved(SPECS[broker].history[0], row)
    assert "999" in saved.unparseable[0].reason or "0001" in saved.unparseable[0].reason


@pytest.mark.parametrize("number", ["1e99999999999999999999", "NaN", "-Infinity"])
def test_a_number_that_is_none_spoils_its_own_row_alone(number: str) -> None:
    first, second = loads_exact(f'[{{"n": {number}}}, {{"n": 1.50}}]')
    with pytest.raises(UnparseableRow, match="n: expected a"):
        parse_decimal(first["n"], "n")
    assert str(second["n"]) == str(Decimal("1.50"))
