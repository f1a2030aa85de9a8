"""What else a statement books: cash, corporate actions and transfers, read into account events.

How these rows look beyond the samples is known from ibflex's types; what is not told apart with
certainty (mergers, spin-offs, tenders) is refused and stays in sight.
Source: samples in tests/fixtures/ibkr; ibflex 1.1 (Types.py, enums.py).
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from shared.brokers.ibkr.fields import (
    ASSET_CLASSES,
    asset_class_of,
    currency,
    day_of,
    instant_of,
    instrument_of,
    number,
    number_or_zero,
    root_of,
)
from shared.brokers.rows import text_of
from shared.brokers.spec import Ignored, Parsed, ParsedRow
from shared.domain.errors import UnparseableRow
from shared.domain.execution import AccountEvent, EventType

_CASH = {
    "Dividends": EventType.DIVIDEND,
    "Payment In Lieu Of Dividends": EventType.DIVIDEND,
    "Withholding Tax": EventType.DIVIDEND,  # what is kept back of them
    "871(m) Withholding": EventType.DIVIDEND,
    **dict.fromkeys(
        (
            "Broker Interest Paid",
            "Broker Interest Received",
            "Bond Interest Paid",
            "Bond Interest Received",
        ),
        EventType.INTEREST,
    ),
    **dict.fromkeys(
        ("Other Fees", "Broker Fees", "Advisor Fees", "Commission Adjustments"), EventType.FEE
    ),
    **dict.fromkeys(
        ("Deposits/Withdrawals", "Deposits & Withdrawals", "Cash Receipts"), EventType.CASH
    ),
}
_ACTIONS = {
    "FS": EventType.SPLIT,  # forward split
    "RS": EventType.SPLIT,  # reverse split
    "SD": EventType.SPLIT,  # stock dividend: more shares for the same cost
    "IC": EventType.RENAME,  # another symbol or number for the same thing
}


def parse_cash(row: dict[str, Any]) -> Parsed:
    """Normalize one movement of cash.

    Raises: UnparseableRow.
    """
    if row.get("levelOfDetail") == "SUMMARY":
        return Ignored("SUMMARY of cash transactions")
    kind = text_of(row, "type")
    if kind not in _CASH:
        raise UnparseableRow(f"type: {kind!r} of cash is not known; kept until it is")
    name = text_of(row, "transactionID")
    kept = bool(row.get("symbol")) and row.get("assetCategory") in ASSET_CLASSES  # not of a bond
    event = AccountEvent(
        event_id=name,
        type=_CASH[kind],
        subtype=kind,
        symbol=row["symbol"] if kept else None,
        root=root_of(row, asset_class_of(row)) if kept else None,
        amount=number(row, "amount"),
        currency=currency(row, "currency"),
        effective_on=day_of(row, "reportDate", "dateTime"),
        occurred_at=instant_of(row),
        description=row.get("description") or "",
    )
    return ParsedRow(("cash", name), event)


def parse_corporate_action(row: dict[str, Any]) -> Parsed:
    """Normalize what a company did to its shares.

    Raises: UnparseableRow, also for actions whose effect on cost is not certain.
    """
    kind = text_of(row, "type")
    if kind not in _ACTIONS:
        raise UnparseableRow(
            f"type: corporate action {kind!r} is not supported yet; kept until then"
        )
    name = text_of(row, "transactionID")
    event = _moved(row, name, _ACTIONS[kind], number(row, "quantity"), subtype=kind)
    told = {"amount": number_or_zero(row, "proceeds"), "action_id": row.get("actionID") or None}
    return ParsedRow(("corporate action", name), event.model_copy(update=told))


def parse_transfer(row: dict[str, Any]) -> Parsed:
    """Normalize what came from, or went to, another place: units, cash, or both.

    Raises: UnparseableRow.
    """
    name = text_of(row, "transactionID")
    quantity, cash = number_or_zero(row, "quantity"), number_or_zero(row, "cashTransfer")
    sign = {"IN": 1, "OUT": -1}.get(text_of(row, "direction"))
    if sign is None:
        raise UnparseableRow(f"direction: expected IN or OUT, found {row['direction']!r}")
    if quantity and row.get("assetCategory") != "CASH":
        event = _moved(row, name, EventType.TRANSFER, sign * abs(quantity), subtype=row.get("type"))
        return ParsedRow(("transfer", name), event.model_copy(update={"amount": cash}))
    if not cash:
        raise UnparseableRow("neither a quantity nor cash was transferred")
    event = AccountEvent(
        event_id=name,
        type=EventType.CASH,
        subtype=row.get("type"),
        amount=sign * abs(cash),
        currency=currency(row, "currency"),
        effective_on=day_of(row, "reportDate", "date", "dateTime"),
        occurred_at=_booked_at(row),
        description=row.get("description") or "",
    )
    return ParsedRow(("transfer", name), event)


def parse_trade_transfer(row: dict[str, Any]) -> Parsed:
    """Normalize a trade that was made elsewhere and delivered here, or the other way round.

    Raises: UnparseableRow.
    """
    name = text_of(row, "transactionID" if row.get("transactionID") else "tradeID")
    event = _moved(row, name, EventType.TRANSFER, number(row, "quantity"), subtype="TradeTransfer")
    told = {"price": number(row, "tradePrice")}
    return ParsedRow(("trade transfer", name), event.model_copy(update=told))


def _moved(
    row: dict[str, Any], name: str, kind: EventType, quantity: Decimal, *, subtype: str | None
) -> AccountEvent:
    if not quantity:
        raise UnparseableRow("quantity: nothing was moved")
    instrument = instrument_of(row)
    return AccountEvent(
        event_id=name,
        type=kind,
        subtype=subtype,
        symbol=instrument.symbol,
        root=instrument.root,
        asset_class=instrument.asset_class,
        quantity=quantity,
        multiplier=instrument.multiplier,
        currency=instrument.currency,
        effective_on=day_of(row, "reportDate", "tradeDate", "date", "dateTime"),
        occurred_at=_booked_at(row),
        description=row.get("description") or "",
    )


def _booked_at(row: dict[str, Any]) -> datetime:
    """Read when it was booked; transfers may tell the day alone."""
    if row.get("dateTime") or row.get("tradeTime"):
        return instant_of(row)
    return instant_of({"dateTime": day_of(row, "date", "reportDate").isoformat()})
