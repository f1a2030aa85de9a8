import contextlib
from decimal import Decimal
from sys import getrefcount

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from shared.domain.errors import UnparseableRow
from shared.domain.money import ExactDecimal, decimal_text, loads_exact, parse_decimal

finite = st.decimals(allow_nan=False, allow_infinity=False, places=12)


class Priced(BaseModel):
    price: ExactDecimal


@given(finite)
def test_text_form_keeps_every_digit(value: Decimal) -> None:
    assert Decimal(decimal_text(value)) == value


@given(finite, st.integers(min_value=0, max_value=6))
def test_equal_decimals_have_one_text_form(value: Decimal, zeros: int) -> None:
    padded = Decimal(f"{value:f}" + ("" if "." in f"{value:f}" else ".") + "0" * zeros)
    assert decimal_text(padded) == decimal_text(value)


@pytest.mark.parametrize("text", ["-0", "0.000", "-0.0", "0E+5"])
def test_every_zero_reads_zero(text: str) -> None:
    assert decimal_text(Decimal(text)) == "0"


def test_exponents_are_never_written() -> None:
    assert decimal_text(Decimal("1E+3")) == "1000"


def test_json_numbers_lose_no_digit() -> None:
    decoded = loads_exact('{"qty": 12345678901234567890.123456789}')
    assert decoded["qty"] == Decimal("12345678901234567890.123456789")


def test_a_model_refuses_a_float() -> None:
    with pytest.raises(ValidationError, match="float"):
        Priced(price=0.1)  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize("text", [b"0.1", b"1e2", b'"NaN"', b'"Infinity"', b"true", b"null"])
def test_json_that_is_no_exact_number_is_refused(text: bytes) -> None:
    with pytest.raises(ValidationError, match="finite decimal"):
        Priced.model_validate_json(b'{"price":%s}' % text)


def test_json_text_is_read_to_the_last_digit() -> None:
    read = Priced.model_validate_json(b'{"price":"12345678901234567890.123456789"}')
    assert read.price == Decimal("12345678901234567890.123456789")


def test_a_model_serializes_to_the_one_text_form() -> None:
    assert Priced(price=Decimal("10.500")).model_dump_json() == '{"price":"10.5"}'


@pytest.mark.parametrize("value", ["abc", "", None, "NaN", "Infinity", 0.5, True, [], {}])
def test_what_is_not_a_decimal_is_unparseable(value: object) -> None:
    with pytest.raises(UnparseableRow, match="qty"):
        parse_decimal(value, "qty")


@pytest.mark.parametrize("text", ["1e41", "1E-41", "0." + "0" * 40 + "1", "9" * 42])
def test_a_number_that_is_too_long_is_unparseable(text: str) -> None:
    with pytest.raises(UnparseableRow, match="digits"):
        parse_decimal(text, "qty")


def test_a_text_that_is_no_number_is_not_kept() -> None:
    text = "no number" * 1000
    before = getrefcount(text)
    with pytest.raises(UnparseableRow):
        parse_decimal(text, "qty")
    assert getrefcount(text) == before


@given(st.text())
def test_any_text_parses_or_is_unparseable(text: str) -> None:
    with contextlib.suppress(UnparseableRow):
        assert parse_decimal(text, "qty").is_finite()
