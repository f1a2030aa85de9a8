"""Tradovate's composed fills and ledger rows, read into our own values.

Source: partner.tradovate.com (entities, read 2026-11); Jtcollins/tradovate_client (generated from
the official OpenAPI file); cash change types also from cgilly2fast/tradovate-typescript. Samples in
tests/fixtures/tradovate.
"""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from shared.brokers.rows import fields_of, id_of, text_of, time_of, unparseable
from shared.brokers.spec import Alone, BrokerAccount, Ignored, ParsedRow
from shared.brokers.tradovate.contracts import Instrument, joined_instrument
from shared.brokers.tradovate.fields import CURRENCY, Row, listed, trade_date
from shared.brokers.tradovate.join import FEES, LEDGER, join_saved, ledger_row
from shared.domain.errors import UnparseableRow
from shared.domain.execution import (
    AccountEvent,
    AssetClass,
    EventType,
    Execution,
    Fee,
    FeeOrigin,
    RowStatus,
    Side,
)
from shared.domain.money import parse_decimal
from shared.domain.time import parse_instant

# Of a fill alone: what it is a fill of, other entities tell.
_TOLD_BY_OTHERS = ("symbol", "asset_class", "multiplier", "currency")
_SIDES = {"Buy": Side.BUY, "Sell": Side.SELL}
# Told by the fills themselves; the ledger keeps its account of them.
_BY_FILLS = frozenset({"TradePaired", "CancelledPairedTrade", "OptionsTrade"})
_OF_FILLS = frozenset(
    {
        "BrokerageFee",
        "ClearingFee",
        "Commission",
        "ExchangeFee",
        "IPFee",
        "NfaFee",
        "OrderRoutingFee",
    }
)
_CHARGED = _OF_FILLS | {
    "AddUserFee",
    "DepositFee",
    "DeskFee",
    "EntitlementSubscription",
    "FundTransactionFee",
    "InactivityFee",
    "LiquidationFee",
    "LiquidationFee2",
    "MarketDataSubscription",
    "RithmicFee",
    "StopPaymentFee",
    "ThirdPartyFee",
    "TradovateSubscription",
}
_CASH = frozenset(
    {
        "AutomaticReconciliation",
        "Courtesy",
        "Debit",
        "FundTransaction",
        "ManualAdjustment",
        "PROMO",
    }
)


def parse_row(raw: Any, account: BrokerAccount) -> ParsedRow | Ignored:
    """Normalize one composed row: a fill, or a line of the ledger.

    Raises: UnparseableRow, also for what the ledger or an execution report names and nothing gives.
    """
    row = fields_of(raw)
    if "report" in row:
        kind = fields_of(row["report"]).get("execType")
        raise UnparseableRow(f"report: a {kind} of which no fill of its order fits")
    if "missing" in row:
        raise UnparseableRow(f"fill {row['missing']}: the ledger names it, and it was not given")
    try:
        if "cashChangeType" in row or "ledger" in row:
            return _ledger_row(fields_of(row.get("ledger", row)), account)
        return _fill_row(row, account)
    except ValidationError as error:  # of the normalized row
        raise unparseable(error) from error


def _fill_row(row: Row, account: BrokerAccount) -> ParsedRow:
    if "fill" not in row:
        raise UnparseableRow(
            "row: expected a fill joined with its order and contract (lists that are saved in one "
            "object are joined), or a line of the ledger"
        )
    fill = fields_of(row["fill"])
    assert_account(row.get("account"), account)
    instrument = joined_instrument(row)
    currencies = fields_of(row.get("currencies") or {})
    currency = _currency(currencies, fields_of(row["product"]).get("currencyId"))
    execution = _execution(fill, instrument, currency, _fees(row, currencies, currency))
    if row.get("void"):
        execution = execution.model_copy(update={"status": RowStatus.BUSTED})
    return ParsedRow(identity_of(execution.execution_id), execution)


def read_alone(raw: Any, account: BrokerAccount) -> Alone | None:
    """Read a fill as `/fill/list` has it: the contract's id stands for its symbol.

    Raises: UnparseableRow.
    """
    fill = raw if isinstance(raw, dict) else {}
    if not {"orderId", "contractId"} <= fill.keys() or "execType" in fill:
        return None
    contract = id_of(fill, "contractId")
    instrument = Instrument(contract, contract, AssetClass.FUTURE, Decimal(1))
    try:
        execution = _execution(fill, instrument, CURRENCY, (pending_fee(CURRENCY),))
    except ValidationError as error:  # of the normalized row
        raise unparseable(error) from error
    unknown = _TOLD_BY_OTHERS if account.account_id else ("account_id", *_TOLD_BY_OTHERS)
    return Alone(execution, unknown)


def _execution(
    fill: Row, instrument: Instrument, currency: str, fees: tuple[Fee, ...]
) -> Execution:
    active = fill.get("active", True)
    if not isinstance(active, bool):
        raise UnparseableRow(f"active: expected true or false, found {active!r}")
    return Execution(
        execution_id=id_of(fill, "id"),
        order_id=id_of(fill, "orderId"),
        symbol=instrument.symbol,
        root=instrument.root,
        asset_class=instrument.asset_class,
        side=_side(fill.get("action")),
        quantity=_contracts(fill.get("qty")),
        price=parse_decimal(fill.get("price"), "price"),
        multiplier=instrument.multiplier,
        currency=currency,
        executed_at=time_of(fill, "timestamp", parse_instant),
        fees=fees,
        # what an inactive fill is, is unverified: it does not count
        status=RowStatus.BOOKED if active else RowStatus.BUSTED,
    )


def identity_of(fill_id: str) -> tuple[str, ...]:
    """Give what makes a fill the same in every answer and in every report of its account."""
    return ("fill", fill_id)


def assert_account(named: Any, account: BrokerAccount) -> None:
    """Make sure that a row is of this account.

    Raises: UnparseableRow.
    """
    if named is None:
        raise UnparseableRow("account: no order tells whose fill this is")
    if str(named) != account.account_id:
        raise UnparseableRow(f"account: expected {account.account_id}, found {named}")


def _fees(row: Row, currencies: Row, currency: str) -> tuple[Fee, ...]:
    """Add up the parts of a fill's fee by currency; it comes later than the fill itself.

    Amounts are of the whole fill (unverified). Accounts of prop firms often have no fees at all:
    what has none after some days will have none.
    """
    if row.get("fee") is None:
        return () if row.get("settled") else (pending_fee(currency),)
    fee, sums = fields_of(row["fee"]), defaultdict[str, Decimal](Decimal)
    for name in FEES:
        field = name if name == "commission" else f"{name}Fee"
        if fee.get(field) is not None:
            of = fee.get(f"{name}CurrencyId")
            sums[currency if of is None else _currency(currencies, of)] += parse_decimal(
                fee[field], field
            )
    return tuple(Fee(amount=total, currency=name) for name, total in sorted(sums.items()) if total)


def pending_fee(currency: str) -> Fee:
    """Give the fee of which only is known that it has not been told yet."""
    return Fee(amount=Decimal(0), currency=currency, origin=FeeOrigin.PENDING)


def _currency(names: Row, currency_id: Any) -> str:
    name = names.get(str(currency_id))
    if not isinstance(name, str) or len(name) != 3 or not name.isalpha():
        raise UnparseableRow(f"currency: {currency_id!r} is none that is known")
    return name


def _side(action: Any) -> Side:
    if not isinstance(action, str) or action not in _SIDES:
        raise UnparseableRow(f"action: expected {' or '.join(_SIDES)}, found {action!r}")
    return _SIDES[action]


def _contracts(qty: Any) -> Decimal:
    if type(qty) is not int or qty <= 0:  # True is an int, but no quantity
        raise UnparseableRow(f"qty: expected a number of contracts, found {qty!r}")
    return Decimal(qty)


def _ledger_row(line: Row, account: BrokerAccount) -> ParsedRow | Ignored:
    """Read a change of cash that no fill tells; the others are told by fills and their fees.

    What settles a contract in cash names none (unverified), so it is kept apart to be looked at.
    """
    kind, amount = text_of(line, "cashChangeType"), parse_decimal(line.get("delta"), "delta")
    assert_account(line.get("accountId"), account)
    of_fill = line.get("fillId") is not None
    if (
        kind in _BY_FILLS
        or (kind in _OF_FILLS and of_fill)
        or (kind == "NewSession" and not amount)
    ):
        return Ignored(f"ledger: {kind}")
    if kind not in _CHARGED | _CASH:
        raise UnparseableRow(f"cashChangeType: {kind!r} is none whose meaning is known")
    day, line_id = trade_date(line), id_of(line, "id")
    if day is None:
        raise UnparseableRow("tradeDate: expected a session")
    comment = line.get("comment")
    event = AccountEvent(
        event_id=line_id,
        type=EventType.CASH if kind in _CASH else EventType.FEE,
        subtype=kind,
        amount=amount,
        currency=account.currency,
        effective_on=day,
        occurred_at=time_of(line, "timestamp", parse_instant),
        description=comment if isinstance(comment, str) else "",
    )
    return ParsedRow(("ledger", line_id), event)


def booked_on(raw: Any) -> date | None:
    """Tell the session of a composed row: a fill of Sunday evening belongs to Monday."""
    row = raw if isinstance(raw, dict) else {}
    return trade_date(next((row[k] for k in ("fill", "ledger", "report") if k in row), row))


def rows_of(body: Any) -> list[Any]:
    """Take the rows of a saved answer; entities that were saved together are joined.

    Raises: ContractBroken.
    """
    if isinstance(body, dict) and any(isinstance(body.get(k), list) for k in ("fill", LEDGER)):
        return join_saved(body)
    rows = [body] if _is_ledger_line(body) else listed(body)
    return [ledger_row(row) if _is_ledger_line(row) else row for row in rows]


def _is_ledger_line(row: Any) -> bool:
    return isinstance(row, dict) and "cashChangeType" in row
