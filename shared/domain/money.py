"""Exact numbers: prices, quantities, fees and P&L are `Decimal` from the wire to the store."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation, localcontext
from functools import lru_cache
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema
from pydantic_core import core_schema as schemas

from shared.domain.errors import UnparseableRow

_EXACT = Context(prec=60)
_MOST_DIGITS = 40  # on either side of the point; no money, price or coin has more
_PLAIN = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?").fullmatch  # as nearly all are written
_LONGEST_PLAIN = 42
_NO_LOSS = Context(prec=400, traps=[Inexact, InvalidOperation])
_SHARE = Decimal("1E-10")


def decimal_text(value: Decimal) -> str:
    """Write a decimal one way only: no exponent, no trailing zeros, no negative zero."""
    if not value:
        return "0"
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class _Exactly:
    """How pydantic reads and writes an `ExactDecimal`: compiled where it reads."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        text = schemas.chain_schema([schemas.str_schema(strict=True), schemas.decimal_schema()])
        whole = schemas.chain_schema([schemas.int_schema(strict=True), schemas.decimal_schema()])
        return schemas.json_or_python_schema(
            json_schema=_first_of(text, whole),
            python_schema=_first_of(schemas.decimal_schema(strict=True), text, whole),
            serialization=schemas.plain_serializer_function_ser_schema(
                decimal_text, return_schema=schemas.str_schema()
            ),
        )


def _first_of(*choices: CoreSchema) -> CoreSchema:
    return schemas.union_schema(
        list(choices),
        mode="left_to_right",
        custom_error_type="exact_decimal",
        custom_error_message="must be a finite decimal, as text; a float cannot carry money",
    )


# A Decimal that refuses floats and infinities and always serializes to its one text form.
ExactDecimal = Annotated[Decimal, _Exactly]


def parse_decimal(value: Any, field: str) -> Decimal:
    """Read a broker's number (text, int or Decimal) exactly.

    Raises: UnparseableRow when it is missing, a float, not a number or not finite.
    """
    if type(value) is str and len(value) <= _LONGEST_PLAIN:  # what is longer must not be kept
        plain = _plain(value)
        if plain is not None:
            return plain
    if isinstance(value, bool | float) or value is None:
        raise UnparseableRow(f"{field}: expected a decimal, found {value!r}")
    text = str(value)
    try:
        number = Decimal(text.strip())
    except InvalidOperation as error:
        raise UnparseableRow(f"{field}: expected a decimal, found {value!r}") from error
    if not number.is_finite():
        raise UnparseableRow(f"{field}: expected a finite number, found {value!r}")
    # "1e999999999" is finite, but writing it out without an exponent would take a gigabyte
    if (len(text) > _MOST_DIGITS or "e" in text or "E" in text) and _is_too_long(number):
        raise UnparseableRow(f"{field}: expected at most {_MOST_DIGITS} digits, found {value!r}")
    return number


@lru_cache(maxsize=10_000)  # a row says its quantity several times, and other rows say it too
def _plain(text: str) -> Decimal | None:
    return Decimal(text) if _PLAIN(text) else None


def _is_too_long(number: Decimal) -> bool:
    exponent = int(number.as_tuple().exponent)
    return max(abs(number.adjusted()), abs(exponent)) > _MOST_DIGITS


def loads_exact(text: str | bytes) -> Any:
    """Decode JSON with every non-integer number as `Decimal`, so that no digit is lost.

    Shape: what no `Decimal` can hold stays text, and so do NaN and Infinity, which are no JSON.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=str)
    except InvalidOperation:  # an exponent beyond all reason
        return json.loads(text, parse_float=_decimal_or_text, parse_constant=str)


def _decimal_or_text(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def divide(numerator: Decimal, denominator: Decimal) -> Decimal:
    """Divide with 60 digits, so that averages do not depend on the caller's decimal context."""
    with localcontext(_EXACT):
        return numerator / denominator


def divide_rounded(numerator: Decimal, denominator: Decimal) -> Decimal:
    """Divide and round half to even at ten decimal places, for averages and shares that are shown.

    Units: the quotient has at most ten decimal places and no trailing zeros are kept in its text.
    """
    with localcontext(_EXACT):
        return (numerator / denominator).quantize(_SHARE, ROUND_HALF_EVEN)


@contextmanager
def no_digit_lost() -> Iterator[None]:
    """Add and multiply without rounding, whatever the caller's decimal context.

    Raises: decimal.Inexact inside the block where a result would need more than 400 digits.
    """
    with localcontext(_NO_LOSS):
        yield
