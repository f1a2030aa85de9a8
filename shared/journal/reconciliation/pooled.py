"""Coins told by asset: what was bought for dollars, for euros or for another coin is one holding.

A coin is also given away as the price of another, and as its fee: that is not in any position of
ours, so it is added up from the log.
"""

from collections.abc import Mapping, Set
from decimal import Decimal

from shared.domain.execution import AccountEvent, Execution, RowStatus
from shared.domain.money import no_digit_lost
from shared.journal.reconciliation.comparison import Held
from shared.journal.reconciliation.holdings import OurHoldings
from shared.ports import Body

_ZERO = Decimal(0)


async def pooled(ours: OurHoldings, held: Held, report: Body) -> Held:
    """Put our positions together by asset, under the names that a report gives them.

    Raises: StoreUnavailable.
    """
    named = {
        position["asset"]: (position["symbol"], position["root"])
        for position in report["positions"]
        if position.get("asset")
    }
    assets = await ours.assets()
    together, totals = Held(), dict.fromkeys(named, _ZERO)
    for symbol, root, quantity in held.all():
        asset = assets.get(symbol)
        if asset is None:
            together.add(symbol, root, quantity)
        else:
            totals[asset] = totals.get(asset, _ZERO) + quantity
    spent = await flows(ours, totals.keys(), report["at_us"])
    for asset, total in totals.items():
        symbol, root = named.get(asset, (asset, asset))
        with no_digit_lost():
            together.add(symbol, root, total + spent.get(asset, _ZERO))
    return together


async def flows(ours: OurHoldings, assets: Set[str], until_us: int) -> Mapping[str, Decimal]:
    """Add up what assets were given and got as prices, fees and cash, up to an instant.

    Raises: StoreUnavailable.
    """
    moved: dict[str, Decimal] = {}
    async for row in ours.rows(until_us):
        if row.status is RowStatus.BUSTED:
            continue
        with no_digit_lost():
            for asset, amount in _moves(row):
                if asset in assets:
                    moved[asset] = moved.get(asset, _ZERO) + amount
    return moved


def _moves(row: Execution | AccountEvent) -> list[tuple[str, Decimal]]:
    if isinstance(row, AccountEvent):
        return [(row.currency, row.amount)]
    paid = (row.currency, -row.signed_quantity * row.price * row.multiplier)
    fees = [(fee.currency, -fee.amount) for fee in row.fees if fee.currency != row.base]
    return [paid, *fees]
