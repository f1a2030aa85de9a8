"""Exact numbers: prices, quantities, fees and P&L are `Decimal` from the wire to the store."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation, localcontext
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

from shared.domain.errors import UnparseableRow

_EXACT = Context(prec=60)
_MOST_DIGITS = 40  # on either side of the point; no money, price or coin has more
_NO_LOSS = Context(prec=400, traps=[Inexact, InvalidOperation])
_SHARE = Decimal("1E-10")


def decimal_text(value: Decimal) -> str:
    """Write a decimal one way only: no exponent, no trailing zeros, no negative zero."""
    if not value:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _refuse_float(value: Any) -> Any:
    if isinstance(value, float):
        # ValueError, not TypeError: it is the one that pydantic reports
        raise ValueError("a float cannot carry money; decode with loads_exact")  # noqa: TRY004
    return value


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError("not a finite number")
    return value


# A Decimal that refuses floats and infinities and always serializes to its one text form.
ExactDecimal = Annotated[
    Decimal,
    BeforeValidator(_refuse_float),
    AfterValidator(_finite),
    PlainSerializer(decimal_text, return_type=str),
]


def parse_decimal(value: Any, field: str) -> Decimal:
    """Read a broker's number (text, int or Decimal) exactly.

    Raises: UnparseableRow when it is missing, a float, not a number or not finite.
    """
    if isinstance(value, bool | float) or value is None:
        raise UnparseableRow(f"{field}: expected a decimal, found {value!r}")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise UnparseableRow(f"{field}: expected a decimal, found {value!r}") from error
    if not number.is_finite():
        raise UnparseableRow(f"{field}: expected a finite number, found {value!r}")
    # "1e999999999" is finite, but writing it out without an exponent would take a gigabyte
    if max(abs(number.adjusted()), abs(int(number.as_tuple().exponent))) > _MOST_DIGITS:
        raise UnparseableRow(f"{field}: expected at most {_MOST_DIGITS} digits, found {value!r}")
    return number


def loads_exact(text: str | bytes) -> Any:
    """Decode JSON with every non-integer number as `Decimal`, so that no digit is lost."""
    return json.loads(text, parse_float=Decimal)


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
