"""Trades of activity statements and trade confirmations, read into executions and events.

The fees of every row count, the quantity only of those that stand: a cancellation gives a fee back,
or it does not (both were seen), and the trade that is booked anew carries the difference.
Source: samples in tests/fixtures/ibkr; portfolio-performance issue 5915.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shared.brokers.ibkr.corrections import execution_id, is_cancellation
from shared.brokers.ibkr.fields import (
    codes,
    currency,
    day_of,
    instant_of,
    instrument_of,
    number,
    number_or_zero,
    pair_of,
)
from shared.brokers.rows import text_of
from shared.brokers.spec import Ignored, Parsed, ParsedRow
from shared.domain.errors import UnparseableRow
from shared.domain.execution import (
    AccountEvent,
    AssetClass,
    EventType,
    Execution,
    Fee,
    RowStatus,
    Side,
    StatedPnl,
)
from shared.domain.money import no_digit_lost

_FILLS = frozenset(("ExchTrade", "FracShare", "DvpTrade", ""))  # "": the column was not chosen
_ENDINGS = {"Ep": EventType.EXPIRY, "Ex": EventType.EXERCISE, "A": EventType.ASSIGNMENT}
_ROUNDING = Decimal("0.01")  # of the money told beside a trade, and a share of it
_CONVERSION = "AFx"


@dataclass(frozen=True, slots=True)
class _Names:
    """What a kind of report calls the fields of a trade."""

    order: str
    price: str
    commission: str
    commission_currency: str
    tax: str
    money: str


_TRADE = _Names(
    "ibOrderID", "tradePrice", "ibCommission", "ibCommissionCurrency", "taxes", "tradeMoney"
)
_CONFIRM = _Names("orderID", "price", "commission", "commissionCurrency", "tax", "amount")


def parse_trade(row: dict[str, Any]) -> Parsed:
    """Normalize one execution, or what the exchange or the broker booked like one.

    Raises: UnparseableRow.
    """
    if row.get("levelOfDetail") not in (None, "", "EXECUTION"):
        return Ignored(str(row["levelOfDetail"]))
    if "confirmed" in row:
        return Ignored("confirmed by the statement")
    if is_cancellation(row):
        raise UnparseableRow(
            f"it cancels trade {row.get('origTradeID')!r}, which is not among the rows read with it"
        )
    found = _booked(row)
    if isinstance(found, Ignored) or not {"cancelled_by", "replaced_by"} & row.keys():
        return found
    return tuple(_struck(row, (found,) if isinstance(found, ParsedRow) else found))


def _booked(row: dict[str, Any]) -> Parsed:
    kind = row.get("transactionType") or ""
    if _CONVERSION in codes(row):
        return tuple(_conversion(row))
    if kind == "BookTrade":
        if row["row"] == "TradeConfirm":
            return Ignored("BookTrade of a confirmation")  # it has no id there; statements have one
        return _ending(row)
    if kind in _FILLS:
        return _execution(row)
    raise UnparseableRow(f"transactionType: {kind!r} is not known; it may change positions")


def _execution(row: dict[str, Any]) -> ParsedRow:
    names, instrument = _names(row), instrument_of(row)
    quantity, price = number(row, "quantity"), number(row, names.price)
    _refuse_contradictions(row, quantity, quantity * price * instrument.multiplier)
    name = execution_id(row) or _booking_id(row)
    execution = Execution(
        execution_id=name,
        order_id=row.get(names.order) or None,
        symbol=instrument.symbol,
        root=instrument.root,
        asset_class=instrument.asset_class,
        side=Side.BUY if quantity > 0 else Side.SELL,
        quantity=abs(quantity),
        price=price,
        multiplier=instrument.multiplier,
        currency=instrument.currency,
        executed_at=instant_of(row),
        fees=_fees(row),
        stated_pnl=_stated_pnl(row),
    )
    return ParsedRow(("execution", name), execution)


def _ending(row: dict[str, Any]) -> ParsedRow:
    """Read what was booked without a trade: options and futures that end, shares for them."""
    kinds = [kind for code, kind in _ENDINGS.items() if code in codes(row)]
    if len(kinds) != 1:
        raise UnparseableRow(f"notes: {row.get('notes')!r} do not tell why this was booked")
    instrument, name = instrument_of(row), _booking_id(row)
    delivered = kinds[0] is not EventType.EXPIRY and instrument.asset_class is not AssetClass.OPTION
    quantity = number(row, "quantity")
    _refuse_contradictions(row, quantity)
    event = AccountEvent(
        event_id=name,
        type=EventType.DELIVERY if delivered else kinds[0],
        symbol=instrument.symbol,
        root=instrument.root,
        asset_class=instrument.asset_class,
        quantity=quantity,
        price=number(row, "tradePrice"),
        multiplier=instrument.multiplier,
        currency=instrument.currency,
        effective_on=day_of(row, "tradeDate", "dateTime"),
        occurred_at=instant_of(row),
        description=row.get("description") or "",
        fees=_fees(row),
    )
    return ParsedRow(("booking", name), event)


def _conversion(row: dict[str, Any]) -> Iterator[ParsedRow]:
    """Read an automatic conversion: money in two currencies and no trade of the user."""
    name, (base, quote) = _booking_id(row), pair_of(row)
    quantity, names = number(row, "quantity"), _names(row)
    for money, amount in ((base, quantity), (quote, -quantity * number(row, names.price))):
        event = _money(row, EventType.CASH, amount, money, subtype=_CONVERSION, event_id=name)
        yield ParsedRow(("conversion", name, money), event)


def _struck(row: dict[str, Any], found: Sequence[ParsedRow]) -> Iterator[ParsedRow]:
    """Give what does not stand any more, and the fees that were charged for it all the same."""
    for one in found:
        without = {"status": RowStatus.BUSTED, "fees": ()}
        yield ParsedRow(one.identity, one.row.model_copy(update=without))
    yield from _charges(row, execution_id(row) or _booking_id(row))
    cancel = row.get("cancelled_by", {})
    if cancel.get("transactionID"):  # confirmations have no number: their statement brings the fee
        yield from _charges(cancel, cancel["transactionID"], root=row)


def _charges(
    row: dict[str, Any], name: str, root: dict[str, Any] | None = None
) -> Iterator[ParsedRow]:
    for place, fee in enumerate(_fees(row)):
        description = f"fee of {name}, which does not stand"
        event = _money(
            root or row, EventType.FEE, -fee.amount, fee.currency,
            event_id=f"{name}-fee-{place}", description=description,
        )  # fmt: skip
        yield ParsedRow(("fee", name, str(place)), event)


def _money(
    row: dict[str, Any], kind: EventType, amount: Decimal, money: str, **more: Any
) -> AccountEvent:
    instrument = instrument_of(row) if kind is EventType.FEE else None
    return AccountEvent(
        type=kind,
        root=instrument.root if instrument else None,
        amount=amount,
        currency=money,
        effective_on=day_of(row, "tradeDate", "dateTime"),
        occurred_at=instant_of(row),
        **more,
    )


def _fees(row: dict[str, Any]) -> tuple[Fee, ...]:
    """Read commission and tax; both are negative where they cost."""
    names = _names(row)
    own = currency(row, "currency")
    charged = (
        currency(row, names.commission_currency) if row.get(names.commission_currency) else own
    )
    found = ((number(row, names.commission), charged), (number_or_zero(row, names.tax), own))
    return tuple(Fee(amount=-amount, currency=money) for amount, money in found if amount)


def _stated_pnl(row: dict[str, Any]) -> StatedPnl | None:
    if not row.get("fifoPnlRealized"):
        return None
    return StatedPnl(amount=number(row, "fifoPnlRealized"), after_fees=True)  # unverified


def _booking_id(row: dict[str, Any]) -> str:
    return text_of(row, "transactionID")


def _names(row: dict[str, Any]) -> _Names:
    return _CONFIRM if row["row"] == "TradeConfirm" else _TRADE


def _refuse_contradictions(
    row: dict[str, Any], quantity: Decimal, value: Decimal | None = None
) -> None:
    """Refuse a side, or a sum of money, that does not go with the numbers.

    So a price in cents or in percent, whose multiplier does not fit, is seen and not counted.
    """
    if not quantity:
        raise UnparseableRow("quantity: nothing was traded")
    side = str(row.get("buySell") or "")
    if side.startswith("SELL" if quantity > 0 else "BUY"):
        raise UnparseableRow(f"buySell: {side!r} does not go with a quantity of {quantity}")
    told = row.get(_names(row).money)
    if value is None or not told:
        return
    with no_digit_lost():
        money = abs(number(row, _names(row).money))
        if abs(money - abs(value)) > max(_ROUNDING, money * _ROUNDING):
            raise UnparseableRow(
                f"{_names(row).money}: {told!r} is not quantity x price x multiplier"
            )
