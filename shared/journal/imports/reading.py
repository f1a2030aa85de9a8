"""Reads a CSV file by its mapping: rows of the log, and what cannot be read, by line. Pure."""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping as Cells
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from shared.brokers.spec import ParsedRow
from shared.domain.errors import InvalidInput, UnparseableRow
from shared.domain.execution import AssetClass, Execution, Fee, Side
from shared.domain.futures.contracts import CONTRACTS
from shared.domain.ids import content_key
from shared.domain.money import parse_decimal
from shared.domain.time import as_utc
from shared.journal.imports.mapping import Mapping

_FIRST = re.compile(r"[+-]?[0-9]{1,3}").fullmatch  # of a number that is grouped
_GROUP = re.compile(r"[0-9]{3}").fullmatch
_SKEW = timedelta(minutes=5)  # of whoever's clock wrote the file


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line that became a row; `line` counts from 1, as an editor does."""

    line: int
    row: ParsedRow


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be read; `raw` holds its cells by header, as JSON."""

    line: int
    reason: str
    raw: str


def read_file(text: str, mapping: Mapping, now: datetime) -> Iterator[ReadLine | BadLine]:
    """Read line by line; `now` is what no execution may lie behind.

    Idempotent: a line with an id is the same row in every file. Without ids, equal lines are told
    apart by their number in the file: the same file again gives the same rows.
    Raises: InvalidInput when the file has no header, or not the columns that the mapping names.
    """
    lines = StringIO(text.removeprefix("\ufeff"), newline="")
    for _ in range(mapping.skip_lines):
        lines.readline()
    reader = csv.DictReader(lines, delimiter=mapping.delimiter, strict=True)
    _check_header(reader.fieldnames, mapping)
    seen: Counter[str] = Counter()
    try:
        for cells in reader:
            number = reader.line_num + mapping.skip_lines
            yield _read_line(number, cells, mapping, seen, now)
    except csv.Error as error:
        number = reader.reader.line_num + mapping.skip_lines  # its own stands still here
        raise InvalidInput(f"line {number}: not CSV: {error}") from error


def _check_header(header: object, mapping: Mapping) -> None:
    found = [name for name in header if name] if isinstance(header, list) else []
    if len(set(found)) != len(found):
        raise InvalidInput("the file names a column twice")
    if missing := sorted(mapping.columns.named() - set(found)):
        raise InvalidInput(f"the file has no column {', '.join(missing)}", expected=found)


def _read_line(
    number: int, cells: dict[str, str], mapping: Mapping, seen: Counter[str], now: datetime
) -> ReadLine | BadLine:
    raw = json.dumps(cells, ensure_ascii=False, default=str)
    if None in cells or None in cells.values():
        return BadLine(number, "the line has more or fewer cells than the header", raw)
    try:
        return ReadLine(number, _parse(cells, raw, mapping, seen, now))
    except UnparseableRow as error:
        return BadLine(number, str(error), raw)
    except ValidationError as error:
        places = sorted({".".join(map(str, e["loc"])) for e in error.errors()})
        return BadLine(number, f"not usable: {', '.join(places)}", raw)


def _parse(
    cells: Cells[str, str], raw: str, mapping: Mapping, seen: Counter[str], now: datetime
) -> ParsedRow:
    columns = mapping.columns
    quantity = _number(cells, columns.quantity, mapping)
    symbol = _text(cells, columns.symbol)
    root = _text(cells, columns.root) if columns.root else symbol
    asset_class = _asset_class(cells, mapping)
    execution_id, identity = _identity(cells, raw, mapping, seen)
    row = Execution(
        execution_id=execution_id,
        order_id=(cells[columns.order_id].strip() or None) if columns.order_id else None,
        symbol=symbol,
        root=root,
        asset_class=asset_class,
        side=_side(cells, quantity, mapping),
        quantity=abs(quantity),
        price=_number(cells, columns.price, mapping),
        multiplier=_multiplier(cells, asset_class, root, mapping),
        currency=_currency(cells, columns.currency, mapping.currency),
        executed_at=_instant(cells, mapping, now),
        fees=_fees(cells, mapping),
    )
    return ParsedRow(identity, row)


def _identity(
    cells: Cells[str, str], raw: str, mapping: Mapping, seen: Counter[str]
) -> tuple[str, tuple[str, ...]]:
    if mapping.columns.execution_id:
        name = _text(cells, mapping.columns.execution_id)
        return name, ("import", name)
    content = content_key("line", raw)
    seen[content] += 1
    nth = str(seen[content])
    return f"{content[:12]}-{nth}", ("import-line", content, nth)


def _text(cells: Cells[str, str], column: str) -> str:
    found = cells[column].strip()
    if not found:
        raise UnparseableRow(f"{column}: is empty")
    return found


def _number(cells: Cells[str, str], column: str, mapping: Mapping) -> Decimal:
    text = _text(cells, column)
    if mapping.thousands_mark:
        text = _ungrouped(text, column, mapping)
    if mapping.decimal_mark != ".":
        if "." in text:
            raise UnparseableRow(f"{column}: expected a decimal, found {text!r}")
        text = text.replace(mapping.decimal_mark, ".")
    return parse_decimal(text, column)


def _ungrouped(text: str, column: str, mapping: Mapping) -> str:
    """Take the marks out of a number that is grouped by them; "1,5" must not become 15."""
    whole, mark, rest = text.partition(mapping.decimal_mark)
    groups = whole.split(mapping.thousands_mark)
    if len(groups) > 1 and not (_FIRST(groups[0]) and all(map(_GROUP, groups[1:]))):
        raise UnparseableRow(f"{column}: {text!r} is not grouped by thousands")
    return "".join((*groups, mark, rest))


def _side(cells: Cells[str, str], quantity: Decimal, mapping: Mapping) -> Side:
    if not quantity:
        raise UnparseableRow(f"{mapping.columns.quantity}: is zero")
    if mapping.columns.side is None:
        return Side.BUY if quantity > 0 else Side.SELL
    word = _text(cells, mapping.columns.side)
    side = mapping.sides.get(word.lower())
    if side is None:
        raise UnparseableRow(
            f"{mapping.columns.side}: {word!r} is none of {', '.join(mapping.sides)}"
        )
    if quantity < 0 and side is Side.BUY:
        raise UnparseableRow(f"{mapping.columns.quantity}: is negative, and the side says buy")
    return side


def _asset_class(cells: Cells[str, str], mapping: Mapping) -> AssetClass:
    if mapping.columns.asset_class is None:
        return mapping.asset_class
    word = _text(cells, mapping.columns.asset_class)
    found = mapping.asset_classes.get(word.lower())
    if found is None:
        known = ", ".join(mapping.asset_classes)
        raise UnparseableRow(f"{mapping.columns.asset_class}: {word!r} is none of {known}")
    return found


def _multiplier(
    cells: Cells[str, str], asset_class: AssetClass, root: str, mapping: Mapping
) -> Decimal:
    """Take it from the file, the mapping or the contract; a derivative never gets a guessed 1."""
    if mapping.columns.multiplier:
        return _number(cells, mapping.columns.multiplier, mapping)
    if mapping.multiplier is not None:
        return mapping.multiplier
    if asset_class is AssetClass.FUTURE and root in CONTRACTS:
        return CONTRACTS[root].point_value
    if asset_class in (AssetClass.FUTURE, AssetClass.OPTION):
        raise UnparseableRow(f"the multiplier of {root} is not known: map it or state one")
    return Decimal(1)


def _currency(cells: Cells[str, str], column: str | None, otherwise: str) -> str:
    found = otherwise if column is None else _text(cells, column).upper()
    if not (3 <= len(found) <= 10 and found.isascii() and found.isalnum()):
        raise UnparseableRow(f"{column}: {found!r} is no currency")
    return found


def _instant(cells: Cells[str, str], mapping: Mapping, now: datetime) -> datetime:
    columns = mapping.columns.executed_at
    text = " ".join(_text(cells, column) for column in columns)
    try:
        if mapping.time_format is None:
            read = datetime.fromisoformat(text)
        else:
            read = datetime.strptime(text, mapping.time_format)  # noqa: DTZ007 - its zone follows
    except ValueError as error:
        wanted = mapping.time_format or "ISO 8601"
        raise UnparseableRow(f"{', '.join(columns)}: {text!r} is not {wanted}") from error
    try:
        at = as_utc(read if read.tzinfo else read.replace(tzinfo=ZoneInfo(mapping.zone)))
    except OverflowError as error:  # the first and the last day that there is
        raise UnparseableRow(f"{', '.join(columns)}: {text!r} is no time of a trade") from error
    if at > now + _SKEW:
        raise UnparseableRow(f"{', '.join(columns)}: {text!r} lies in the future")
    return at


def _fees(cells: Cells[str, str], mapping: Mapping) -> tuple[Fee, ...]:
    columns = mapping.columns
    total = sum(
        (_number(cells, column, mapping) for column in columns.fees if cells[column].strip()),
        Decimal(0),
    )
    if not total:
        return ()
    currency = _currency(cells, columns.fee_currency, mapping.currency)
    return (Fee(amount=-total if mapping.fees_are_amounts else total, currency=currency),)
