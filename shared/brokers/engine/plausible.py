"""What no broker's row may say, however well it can be read: such a row goes to quarantine.

Shares, options, currencies and contracts for difference are paid in money (ISO 4217). Coins,
futures on them, and events of a wallet may be counted in coins, of which there is no list: there
the shape decides.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from shared.domain.currencies import is_currency, may_be_coin
from shared.domain.errors import UnparseableRow
from shared.domain.execution import AccountEvent, AssetClass, Execution
from shared.domain.futures.contracts import CONTRACTS
from shared.domain.money import decimal_text
from shared.domain.time import iso

_SKEW = timedelta(minutes=5)  # of a broker's clock against ours
_DATED = timedelta(days=1)  # events often have a day and no time, and then the day's end
_MAY_COST_LESS_THAN_NOTHING = (AssetClass.FUTURE, AssetClass.CFD)  # oil did, in April 2020
_IN_COINS = (AssetClass.CRYPTO, AssetClass.FUTURE, None)


def assert_not_ahead(row: Execution | AccountEvent, now: datetime) -> None:
    """Make sure that a row does not lie in the future.

    Raises: UnparseableRow.
    """
    tolerance = _SKEW if isinstance(row, Execution) else _DATED
    if row.occurred_at > now + tolerance:
        raise UnparseableRow(f"its time {iso(row.occurred_at)} lies in the future")


def assert_known_units(row: Execution | AccountEvent) -> None:
    """Make sure that a row's money is money, its price and multiplier what such a thing can have.

    Raises: UnparseableRow.
    """
    for code in (row.currency, *(fee.currency for fee in row.fees)):
        if not is_currency(code) and not (row.asset_class in _IN_COINS and may_be_coin(code)):
            raise UnparseableRow(f"currency: {code!r} is not known")
    _assert_multiplier(row)
    if row.price is not None and row.price < 0:
        _assert_sign(row.price, row.asset_class)


def _assert_sign(price: Decimal, asset_class: AssetClass | None) -> None:
    if asset_class not in _MAY_COST_LESS_THAN_NOTHING:
        raise UnparseableRow(f"price: expected none below 0, found {decimal_text(price)}")


def _assert_multiplier(row: Execution | AccountEvent) -> None:
    expected = None
    if row.asset_class is AssetClass.EQUITY:
        expected = Decimal(1)
    elif row.asset_class is AssetClass.FUTURE and row.root in CONTRACTS:
        expected = CONTRACTS[row.root].point_value
    if expected is not None and row.multiplier != expected:
        raise UnparseableRow(
            f"multiplier: {row.root} has {expected}, the row says {row.multiplier}"
        )
