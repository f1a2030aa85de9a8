from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.domain.execution import AccountEvent, Execution, Fee, Ratio, StatedPnl
from shared.domain.ids import content_hash
from shared.domain.row_body import Row, RowBody, body_hash, occurred_at, read_row, row_body
from tests.rows import event, fill

BODY: TypeAdapter[dict[str, Any]] = TypeAdapter(RowBody)

AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, allow_nan=False, places=8)
INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds must be naive
FEES = st.lists(st.builds(Fee, amount=AMOUNTS, currency=st.just("USD")), max_size=2).map(tuple)
FILLS = st.builds(
    lambda fees, **told: fill("f", "1", "1").model_copy(update={"fees": fees, **told}),
    fees=FEES,
    price=AMOUNTS,
    quantity=st.integers(1, 10**9).map(lambda n: Decimal(n).scaleb(-5)),
    executed_at=INSTANTS,
    order_id=st.none() | st.text(),
    stated_pnl=st.none() | st.builds(StatedPnl, amount=AMOUNTS),
)
EVENTS = st.builds(
    lambda **told: event("e", "1").model_copy(update=told),
    amount=AMOUNTS,
    quantity=st.none() | AMOUNTS,
    occurred_at=INSTANTS,
    description=st.text(),
    fees=FEES,
    ratio=st.none() | st.just(Ratio(new=Decimal(1), old=Decimal(3))),
)
ROWS: st.SearchStrategy[Row] = FILLS | EVENTS
MODELS = (Execution, AccountEvent, Fee, Ratio, StatedPnl)
FIELDS = sorted({*Execution.model_fields, *AccountEvent.model_fields, "unknown"})
# what a field may hold that is nearly right, or right in another way, or wrong
DOUBTFUL: list[Any] = [
    *("1", "1.0", "1.50", "0", "-0", "-1", "-0.5", "01", "+1", ".5", "1.", "1e3", "0E-8", " 1"),
    *("2020-05-26T14:00:00Z", "2020-05-26T14:00:00.5Z", "2020-05-26T14:00:00.000000Z"),
    *("2020-05-26T14:00:00.500000Z", "2020-05-26T14:00:00+02:00", "2020-05-26T14:00:00"),
    *("2020-02-30T14:00:00Z", "2020-05-26T24:00:00Z", "2020-05-26T23:59:60Z", "2020-05-26"),
    *("2020-02-30", "20200526", "", "USD", "buy", "BUY", "execution", "event", "1\n", "\u0661"),
    *(None, True, 1, -1, 0, 1.5, [], {}, [None], [{}], [{"amount": "1"}]),
    *([{"amount": "1.0", "currency": "USD"}], [{"currency": "USD", "amount": "1", "x": 1}]),
    *([{"origin": "reported", "currency": "USD", "amount": "1"}], {"new": "1", "old": "-1"}),
]


def read_with_care(told: Any) -> dict[str, Any] | None:
    """Read a row into its values and write it anew; None where it is no row."""
    try:
        return row_body(read_row(told))
    except ValidationError:
        return None


def read(told: Any) -> dict[str, Any] | None:
    try:
        return BODY.validate_python(told)
    except ValidationError:
        return None


def shuffled(told: Any, random: Any) -> Any:
    """Put fields into another order, at every depth."""
    if isinstance(told, list):
        return [shuffled(one, random) for one in told]
    if not isinstance(told, dict):
        return told
    fields = [(name, shuffled(value, random)) for name, value in told.items()]
    random.shuffle(fields)
    return dict(fields)


@pytest.mark.parametrize("model", MODELS)
def test_fields_stand_in_the_order_of_canonical_json(model: type[BaseModel]) -> None:
    assert list(model.model_fields) == sorted(model.model_fields)


@given(ROWS)
def test_a_row_survives_its_body(row: Row) -> None:
    assert read_row(row_body(row)) == row
    assert BODY.validate_python(row_body(row)) == row_body(row)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("row", [fill("f", "1", "2", fee="0.5"), event("e", "1", quantity="3")])
def test_a_doubtful_field_is_read_as_with_all_care(row: Row, field: str) -> None:
    bodies = [{**row_body(row), field: value} for value in DOUBTFUL]
    assert [read(told) for told in bodies] == [read_with_care(told) for told in bodies]


@pytest.mark.parametrize("field", [*Fee.model_fields, "unknown"])
@pytest.mark.parametrize("row", [fill("f", "1", "2", fee="0.5"), event("e", "1")])
def test_a_doubtful_field_of_a_fee_is_read_as_with_all_care(row: Row, field: str) -> None:
    fee = {"amount": "0.5", "currency": "USD", "origin": "pending"}
    bodies = [{**row_body(row), "fees": [fee, {**fee, field: value}]} for value in DOUBTFUL]
    assert [read(told) for told in bodies] == [read_with_care(told) for told in bodies]


@given(ROWS, st.data())
def test_a_missing_field_is_read_as_with_all_care(row: Row, data: st.DataObject) -> None:
    told = row_body(row)
    del told[data.draw(st.sampled_from(sorted(told)))]
    assert read(told) == read_with_care(told)


@given(ROWS, st.randoms(use_true_random=False))
def test_a_body_whose_fields_are_in_another_order_has_the_same_hash(row: Row, random: Any) -> None:
    told = shuffled(row_body(row), random)
    assert body_hash(BODY.validate_python(told)) == content_hash(row_body(row))


@given(ROWS)
def test_a_body_is_hashed_by_its_canonical_form(row: Row) -> None:
    assert body_hash(row_body(row)) == content_hash(row.model_dump(mode="json"))


@given(ROWS)
def test_a_body_tells_when_its_row_changed_the_account(row: Row) -> None:
    assert occurred_at(row_body(row)) == row.occurred_at


@pytest.mark.parametrize("told", [None, [], "row", {}, {"kind": "other"}, {"kind": ["event"]}])
def test_what_is_no_row_is_refused(told: Any) -> None:
    with pytest.raises(ValidationError):
        BODY.validate_python(told)


def test_the_fault_of_a_row_names_its_field() -> None:
    with pytest.raises(ValidationError) as caught:
        BODY.validate_python({**row_body(fill("f", "1", "1")), "quantity": "-1"})
    assert [one["loc"] for one in caught.value.errors()] == [("execution", "quantity")]
