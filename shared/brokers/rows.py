"""Reading fields of a broker's raw row; what cannot be read is an UnparseableRow, nothing else."""

from collections.abc import Callable
from typing import Any, TypeVar

from shared.domain.errors import UnparseableRow

_T = TypeVar("_T")


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


def number_text(row: dict[str, Any], field: str) -> str:
    """Take an int64 id as text.

    Raises: UnparseableRow.
    """
    value = row.get(field)
    if type(value) is int and value > 0:  # True is an int, but no id
        return str(value)
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return value
    raise UnparseableRow(f"{field}: expected a whole number, found {value!r}")


def time_of(row: dict[str, Any], field: str, read: Callable[[str], _T]) -> _T:
    """Take an instant or a date with the reader that fits the broker's form.

    Raises: UnparseableRow.
    """
    text = text_of(row, field)
    try:
        return read(text)
    except (ValueError, OverflowError) as error:
        raise UnparseableRow(f"{field}: expected a time, found {text!r}") from error
