"""Reading fields of a broker's raw row; what cannot be read is an UnparseableRow, nothing else."""

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

from pydantic import ValidationError

from shared.domain.errors import UnparseableRow

_T = TypeVar("_T", bound=date)
_FIRST_YEAR, _LAST_YEAR = 1970, 2200  # near the calendar's ends a day cannot change its zone


def fields_of(raw: Any) -> dict[str, Any]:
    """Take a row that must be an object.

    Raises: UnparseableRow.
    """
    if not isinstance(raw, dict):
        raise UnparseableRow(f"expected an object, found {type(raw).__name__}")
    return raw


def text_of(row: dict[str, Any], field: str) -> str:
    """Take a text that must be there.

    Raises: UnparseableRow.
    """
    value = row.get(field)
    if not isinstance(value, str) or not value:
        raise UnparseableRow(f"{field}: expected text, found {value!r}")
    return value


def id_of(row: dict[str, Any], field: str) -> str:
    """Take an id that is a number, as text: it may be longer than 32 bits.

    Raises: UnparseableRow.
    """
    value = row.get(field)
    if type(value) is not int or value <= 0:  # True is an int, but no id
        raise UnparseableRow(f"{field}: expected a whole number, found {value!r}")
    return str(value)


def number_text(row: dict[str, Any], field: str) -> str:
    """Take such an id also where the broker writes its digits as a text.

    Raises: UnparseableRow.
    """
    value = row.get(field)
    is_written = isinstance(value, str) and value.isascii() and value.isdecimal()
    return str(value) if is_written else id_of(row, field)


def time_of(row: dict[str, Any], field: str, read: Callable[[str], _T]) -> _T:
    """Take an instant or a date with the reader that fits the broker's form.

    Raises: UnparseableRow.
    """
    text = text_of(row, field)
    try:
        return within_reason(read(text))
    except (ValueError, OverflowError) as error:
        raise UnparseableRow(f"{field}: expected a time, found {text!r}") from error


def told(raw: Any, field: str, read: Callable[[str], _T]) -> _T | None:
    """Read a time of a raw row; None where it has none that can be read."""
    try:
        return time_of(fields_of(raw), field, read)
    except UnparseableRow:
        return None


def within_reason(found: _T) -> _T:
    """Take an instant or a date that a trade can have.

    Raises: ValueError.
    """
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise ValueError(f"no trade is of the year {found.year}")
    return found


def unparseable(error: ValidationError, kind: str = "") -> UnparseableRow:
    """Say which field of the normalized row is wrong; a fault of several fields names the row."""
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"])) or "row"
    return UnparseableRow(": ".join(filter(None, (kind, place, first["msg"]))))
