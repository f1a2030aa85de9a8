"""What a saved payload of a broker would become: the same parse functions, without the broker."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.brokers.engine.plausible import assert_known_units
from shared.brokers.spec import (
    BrokerAccount,
    BrokerSpec,
    HistoryEndpoint,
    Ignored,
    Parsed,
    ParsedRow,
    ReportFile,
)
from shared.domain.errors import ContractBroken, InvalidInput, UnparseableRow
from shared.domain.execution import AccountEvent, Execution, FeeOrigin, RowStatus
from shared.domain.money import decimal_text
from shared.domain.time import iso


@dataclass(frozen=True, slots=True)
class SavedRow:
    """A raw row that is no row of the log, and why."""

    reason: str
    row: Any


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of the rows; each row of the log with the account that it belongs to.

    Shape: `unknown` execution id -> the fields of it that only other answers tell.
    """

    executions: list[tuple[str, Execution]] = field(default_factory=list)
    events: list[tuple[str, AccountEvent]] = field(default_factory=list)
    ignored: list[SavedRow] = field(default_factory=list)
    unparseable: list[SavedRow] = field(default_factory=list)
    unknown: dict[str, tuple[str, ...]] = field(default_factory=dict)


def history_of(spec: BrokerSpec, name: str | None) -> HistoryEndpoint | ReportFile:
    """Find a history, or a report that users download, by its name; without one the first history.

    Raises: InvalidInput.
    """
    every: tuple[HistoryEndpoint | ReportFile, ...] = (*spec.history, *spec.files)
    known = {one.name: one for one in every}
    if name is not None and name not in known:
        raise InvalidInput(
            f"{spec.title} has no history {name!r}, but {', '.join(known)}", expected=[*known]
        )
    return spec.history[0] if name is None else known[name]


def decode_saved(spec: BrokerSpec, endpoint: HistoryEndpoint | ReportFile, data: bytes) -> Any:
    """Decode a saved answer as the broker writes it, or a report as its file is.

    Shape: a saved stream, an answer or a row on each line, becomes a list of its lines.
    Raises: ValueError or RecursionError where it is none.
    """
    if isinstance(endpoint, ReportFile):
        return endpoint.decode(data)
    try:
        return spec.decode(data)
    except ValueError:
        lines = [line for line in data.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        return [spec.decode(line) for line in lines]


def read_saved(
    endpoint: HistoryEndpoint | ReportFile,
    body: Any,
    *,
    account_id: str = "",
    currency: str = "USD",
) -> Saved:
    """Read a whole answer or a single row; an account that rows name goes before `account_id`."""
    saved = Saved()
    for raw in _rows(endpoint, body):
        account = BrokerAccount(_account_of(endpoint, raw) or account_id, "", currency)
        try:
            parsed = _parsed(endpoint, raw, account, saved)
            rows = _rows_of(parsed)
            for one in rows:
                assert_known_units(one.row)
        except UnparseableRow as error:
            saved.unparseable.append(SavedRow(str(error), raw))
            continue
        if isinstance(parsed, Ignored):
            saved.ignored.append(SavedRow(parsed.reason, raw))
            continue
        for one in rows:
            if isinstance(one.row, Execution):
                saved.executions.append((account.account_id, one.row))
            else:
                saved.events.append((account.account_id, one.row))
    return saved


def _parsed(
    endpoint: HistoryEndpoint | ReportFile, raw: Any, account: BrokerAccount, saved: Saved
) -> Parsed:
    alone = endpoint.alone(raw, account) if isinstance(endpoint, HistoryEndpoint) else None
    if alone is None:
        return endpoint.parse(raw, account)
    saved.unknown[alone.execution.execution_id] = alone.unknown
    return ParsedRow((), alone.execution)


def _rows_of(parsed: Parsed) -> tuple[ParsedRow, ...]:
    if isinstance(parsed, Ignored):
        return ()
    return (parsed,) if isinstance(parsed, ParsedRow) else parsed


def _rows(endpoint: HistoryEndpoint | ReportFile, body: Any) -> list[Any]:
    try:
        return endpoint.rows(body)
    except ContractBroken:
        return body if isinstance(body, list) else [body]  # rows without their answer, or one


def _account_of(endpoint: HistoryEndpoint | ReportFile, raw: Any) -> str:
    named = raw.get(endpoint.account_field) if isinstance(raw, Mapping) else None
    return str(named) if isinstance(named, str | int) else ""


def saved_json(saved: Saved) -> dict[str, Any]:
    """Render for a machine; decimals are texts, fees positive where they cost."""
    return {
        "executions": [
            _execution(account_id, fill, saved.unknown.get(fill.execution_id, ()))
            for account_id, fill in saved.executions
        ],
        "events": [
            {**event.model_dump(mode="json", exclude={"kind"}), "account_id": account_id}
            for account_id, event in saved.events
        ],
        "ignored": [{"reason": one.reason, "row": one.row} for one in saved.ignored],
        "unparseable": [{"reason": one.reason, "row": one.row} for one in saved.unparseable],
    }


def _execution(account_id: str, fill: Execution, unknown: tuple[str, ...]) -> dict[str, Any]:
    """Render a fill; what is not known yet is named, never shown as if it were."""
    told = [fee for fee in fill.fees if fee.origin is not FeeOrigin.PENDING]
    if len(told) < len(fill.fees):
        unknown = (*unknown, "fees")
    shown: dict[str, Any] = {
        "execution_id": fill.execution_id,
        "order_id": fill.order_id,
        "account_id": account_id,
        "symbol": fill.symbol,
        "side": fill.side.value,
        "quantity": decimal_text(fill.quantity),
        "price": decimal_text(fill.price),
        "executed_at": iso(fill.executed_at),
        "fees": [{"amount": decimal_text(fee.amount), "currency": fee.currency} for fee in told],
        "currency": fill.currency,
        "asset_class": fill.asset_class.value,
        "multiplier": None if "multiplier" in unknown else decimal_text(fill.multiplier),
    }
    if unknown:
        shown["unknown"] = list(unknown)
    # a cancelled fill must not look like one that stands
    return shown if fill.status is RowStatus.BOOKED else {**shown, "status": fill.status.value}
