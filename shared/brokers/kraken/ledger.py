"""Entries of Kraken's ledger that are no trades: money and coins that come and go, and purchases.

What changes is `amount` less `fee`, both in the entry's asset. Money moves cash; coins move the
position in their pair with the account's currency.
Source: docs.kraken.com (Ledgers; read 2026-11); support.kraken.com on fields of the ledger; kinds
that no page describes are marked unverified.
"""

from datetime import UTC
from decimal import Context, Decimal
from typing import Any

from pydantic import ValidationError

from shared.brokers.kraken.fields import INSTANT, Row, cost_of, entries_of, instant_of, text_in
from shared.brokers.kraken.names import CREDITS, MONEY, Assets, asset_name
from shared.brokers.kraken.trades import class_of
from shared.brokers.rows import fields_of, text_of, unparseable
from shared.brokers.spec import BrokerAccount, Ignored, Parsed, ParsedRow
from shared.domain.errors import UnparseableRow
from shared.domain.execution import AccountEvent, AssetClass, EventType, Execution, Fee, Side
from shared.domain.money import parse_decimal

_PRICE = Context(prec=28)  # of a purchase, which tells two amounts and no price
# What an entry is of money, and of coins.
_KINDS = {
    "deposit": (EventType.CASH, EventType.TRANSFER),
    "withdrawal": (EventType.CASH, EventType.TRANSFER),
    "transfer": (EventType.CASH, EventType.TRANSFER),  # airdrops, futures
    "adjustment": (EventType.CASH, EventType.TRANSFER),  # delistings
    "credit": (EventType.CASH, EventType.TRANSFER),
    "sale": (EventType.CASH, EventType.TRANSFER),
    "nft_rebate": (EventType.CASH, EventType.TRANSFER),
    "staking": (EventType.INTEREST, EventType.INTEREST),
    "earn": (EventType.INTEREST, EventType.INTEREST),
    "dividend": (EventType.DIVIDEND, EventType.DIVIDEND),
    "margin": (
        EventType.CASH,
        EventType.TRANSFER,
    ),  # what a position has won, in its prices already
    "rollover": (EventType.FINANCING, EventType.FINANCING),
}
# Between two wallets of one asset; both entries say so (forms of earn are unverified).
_INSIDE = frozenset(
    (
        *("spottostaking", "stakingfromspot", "stakingtospot", "spotfromstaking"),
        *("allocation", "deallocation", "autoallocation", "migration"),
    )
)


def parse_entry(row: Row, account: BrokerAccount) -> Parsed:
    """Normalize one entry of the ledger: what came or went, and what that cost, apart.

    Raises: UnparseableRow, also for kinds that are not known: they may change positions.
    """
    entry = fields_of(row["ledger"])
    kind, subtype = text_of(entry, "type"), text_in(entry, "subtype")
    if kind == "trade":
        return Ignored("trade: told by the trade itself")
    if asset_name(text_of(entry, "asset")) == CREDITS:
        return Ignored(f"{kind} of fee credits")
    if subtype in _INSIDE:
        return Ignored(f"{kind}: {subtype}")
    if kind in INSTANT:
        raise UnparseableRow(f"{kind}: the other half of the purchase is not there")
    if kind == "settled":
        raise UnparseableRow("settled: it ends a position on margin, and does not name its pair")
    if kind not in _KINDS:
        raise UnparseableRow(f"type: {kind!r} is not known; it may change positions")
    amount, cost = _amount(entry), cost_of(entry)
    named = text_of(row, "id")
    found = []
    if amount:
        found.append(_event(entry, (named,), account, _KINDS[kind], amount))
    if cost:
        kinds = _KINDS[kind] if kind == "rollover" else (EventType.FEE, EventType.FEE)
        found.append(_event(entry, (named, "fee"), account, kinds, -cost))
    return tuple(found) if found else Ignored(f"{kind} of nothing")


def _event(
    entry: Row,
    identity: tuple[str, ...],
    account: BrokerAccount,
    kinds: tuple[EventType, EventType],
    change: Decimal,
) -> ParsedRow:
    asset, at = asset_name(text_of(entry, "asset")), instant_of(entry)
    moved: dict[str, Any] = {"type": kinds[0], "amount": change, "currency": asset}
    if asset not in MONEY:
        symbol = Assets(asset, account.currency).symbol
        moved = {
            "type": kinds[1],
            "symbol": symbol,
            "root": symbol,
            "asset_class": AssetClass.CRYPTO,
            "quantity": change,
            "currency": account.currency,
        }
    event = AccountEvent(
        event_id=":".join(identity),
        subtype=text_in(entry, "subtype") or text_of(entry, "type"),
        effective_on=at.astimezone(UTC).date(),
        occurred_at=at,
        description=text_in(entry, "refid"),
        **moved,
    )
    return ParsedRow(identity, event)


def parse_instant(row: Row) -> Parsed:
    """Make one execution of what was spent and received without an order; it has a key of its own.

    Raises: UnparseableRow where there are not one of each.
    """
    parts = entries_of(row, "instant")
    if sorted(text_of(part, "type") for part in parts) != ["receive", "spend"]:
        raise UnparseableRow("refid: expected one entry of what was spent, and one of receipt")
    received, spent = sorted(parts, key=lambda part: str(part["type"]))
    got, gave = asset_name(text_of(received, "asset")), asset_name(text_of(spent, "asset"))
    came, went = _amount(received), -_amount(spent)
    if came <= 0 or went <= 0:
        raise UnparseableRow("amount: expected to see something spent and something received")
    if got == gave:
        return Ignored("purchase of the same asset")
    sells = got in MONEY and gave not in MONEY
    assets = Assets(gave, got) if sells else Assets(got, gave)
    quantity, money = (went, came) if sells else (came, went)
    costs = ((gave, cost_of(spent)), (got, cost_of(received)))
    name = f"ledger:{text_of(row, 'refid')}"
    try:
        execution = Execution(
            execution_id=name,
            symbol=assets.symbol,
            root=assets.symbol,
            asset_class=class_of(assets),
            side=Side.SELL if sells else Side.BUY,
            quantity=quantity,
            price=_PRICE.divide(money, quantity),
            currency=assets.quote,
            executed_at=instant_of(received),
            fees=tuple(Fee(amount=cost, currency=of) for of, cost in costs if cost),
            base=assets.base,
        )
    except ValidationError as error:  # of the normalized row
        raise unparseable(error) from error
    return ParsedRow((name,), execution)


def _amount(entry: Row) -> Decimal:
    return parse_decimal(entry.get("amount"), "amount")
