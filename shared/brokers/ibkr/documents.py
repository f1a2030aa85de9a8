"""Flex documents: XML into plain dicts, and the statements of one account in them.

Source: IBKR Campus "Flex Web Service"; samples in tests/fixtures/ibkr.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from xml.parsers import expat

from shared.brokers.ibkr.fields import day_of
from shared.brokers.spec import BrokerAccount
from shared.domain.errors import ContractBroken, UnparseableRow

ACTIVITY, CONFIRMATIONS = "AF", "TCF"
_STATEMENT_DEPTH, _SECTION_DEPTH = 2, 3  # FlexQueryResponse > FlexStatements > FlexStatement > ...
_PARTS = {"FlexStatements": 1, "FlexStatement": 2}  # a part of a report that was saved, its depth
_SECTIONS = frozenset(
    (
        "Trades",
        "TradeConfirms",
        "CashTransactions",
        "CorporateActions",
        "Transfers",
        "TradeTransfers",
        "OptionEAE",
        "OpenPositions",
        "CashReport",
    )
)


def decode(content: bytes) -> dict[str, Any]:
    """Read an answer.

    Shape: a report is {"statements": [...], "type": ...}, each statement its attributes with
    `sections` (names) and `rows`, in which every element is its attributes and `row`, its name; any
    other answer is {"answer": {...}} by names in lower case; a single element is a row, and a part
    of a report, from a section up, a report without a type.
    Raises: ValueError where it is no Flex document, ContractBroken for a document type or entities.
    """
    builder, parser = _Builder(), expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = _refuse  # before anything of it can be expanded
    parser.EntityDeclHandler = _refuse
    parser.buffer_text = True
    try:
        parser.Parse(content, True)  # noqa: FBT003 - expat takes no keywords
    except expat.ExpatError as error:
        raise ValueError(f"no XML: {error}") from error
    return builder.document()


def _refuse(*_: object) -> None:
    raise ContractBroken(
        "IBKR's answer declares a document type or entities: nothing is read of it"
    )


class _Builder:
    def __init__(self) -> None:
        self._root = ""
        self._attributes: dict[str, str] = {}
        self._path: list[str] = []
        self._statements: list[dict[str, Any]] = []
        self._answer: dict[str, str] = {}
        self._above = 0  # how deep the root lies in a whole report

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._root, self._attributes, self._above = name, attributes, _PARTS.get(name, 0)
        if name in _SECTIONS and not attributes:
            self._above = _SECTION_DEPTH
            self._statements.append({"sections": [], "rows": []})

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._path:
            self._begin(name, attributes)
        depth = len(self._path) + self._above
        self._path.append(name)
        if depth == 0:
            return
        if self._root == "FlexStatementResponse":
            self._answer[name.lower()] = ""
        elif depth == _STATEMENT_DEPTH and name == "FlexStatement":
            self._statements.append({**attributes, "sections": [], "rows": []})
        elif depth >= _SECTION_DEPTH and self._statements:
            statement = self._statements[-1]
            if depth == _SECTION_DEPTH:
                statement["sections"].append(name)
            if attributes:
                statement["rows"].append({"row": name, **attributes})

    def text(self, data: str) -> None:
        if self._root == "FlexStatementResponse" and len(self._path) > 1:
            self._answer[self._path[-1].lower()] += data

    def end(self, _: str) -> None:
        self._path.pop()

    def document(self) -> dict[str, Any]:
        if self._root == "FlexStatementResponse":
            return {"answer": {name: text.strip() for name, text in self._answer.items()}}
        if self._root == "FlexQueryResponse":
            return {**self._attributes, "statements": self._statements}
        if self._above:
            return {"statements": self._statements}
        if self._attributes:
            return {"row": self._root, **self._attributes}
        raise ValueError(f"<{self._root}> is no Flex document")


@dataclass(frozen=True, slots=True)
class Statement:
    """What a report says of one account and some days, the first and the last included."""

    first_day: date
    last_day: date
    sections: frozenset[str]
    rows: list[dict[str, Any]]

    def of(self, name: str) -> Iterable[dict[str, Any]]:
        """Give the rows of one name."""
        return (row for row in self.rows if row["row"] == name)


def raw_statements(body: Any, kind: str) -> list[dict[str, Any]]:
    """Take the statements of a report as they came.

    Raises: ContractBroken for anything else than a report of this kind.
    """
    found = body.get("statements") if isinstance(body, dict) else None
    if not isinstance(found, list):
        raise ContractBroken("IBKR: expected a report with statements")
    if body.get("type") != kind:
        raise ContractBroken(
            f"IBKR: expected a report of type {kind}, found {body.get('type')!r}: the query ids of "
            "activity and trade confirmations may be mixed up"
        )
    return found


def statements_of(body: Any, account: BrokerAccount, kind: str = ACTIVITY) -> list[Statement]:
    """Find what a report says of one account, oldest first; one a day where it is broken out.

    Raises: ContractBroken, also where the report does not have the account.
    """
    mine = [s for s in raw_statements(body, kind) if s.get("accountId") == account.account_id]
    if not mine:
        raise ContractBroken(f"IBKR: the report has no statement of account {account.account_id}")
    return sorted((_statement(one) for one in mine), key=lambda s: (s.first_day, s.last_day))


def _statement(raw: dict[str, Any]) -> Statement:
    try:
        first, last = day_of(raw, "fromDate"), day_of(raw, "toDate")
    except UnparseableRow as error:
        raise ContractBroken(f"IBKR's statement: {error}") from error
    return Statement(first, last, frozenset(raw["sections"]), raw["rows"])
