"""An account behind a login, and what a broker says that it holds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from shared.domain.execution import AssetClass


@dataclass(frozen=True, slots=True)
class BrokerAccount:
    """One account behind a login.

    Shape: `account_id` never changes and is what rows are kept by; `handle` is what paths name the
    account by where that is something else (Schwab's hash).
    Units: `history_limit` how far back the broker answers for it, None where the spec's own holds.
    """

    account_id: str
    number: str
    currency: str
    handle: str = ""
    history_limit: timedelta | None = None


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """One line of the broker's own positions.

    Shape: `asset` names the coin where the broker tells of coins and not of pairs: then the symbol
    is one of those that it may have been traded by.
    Units: `quantity` signed; `average_price` per unit by the broker's own method.
    """

    symbol: str
    root: str
    quantity: Decimal
    average_price: Decimal | None
    asset_class: AssetClass
    asset: str = ""


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the broker says an account holds.

    Shape: `as_of` is when that was so, None for the moment of the answer; `settled` tells that the
    answers prove to be of one piece with the history that was read.
    Units: `cash` in the account's currency.
    """

    cash: Decimal
    positions: tuple[HeldPosition, ...]
    as_of: datetime | None = None
    settled: bool = False
