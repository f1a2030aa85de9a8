"""One simulated tastytrade account: what was booked in it, and how that is shown.

Amounts are shown without a sign beside an effect, as texts; ids and counts as numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from infra.simulators.brokers.holding import Holding
from shared.domain.time import NEW_YORK, as_utc

_ZERO = Decimal(0)
_OPTION_LENGTH = 21  # "SPY   260320P00550000": root, date, kind and strike in fixed columns
_POINT_VALUES = {"ES": Decimal(50), "MES": Decimal(5), "CL": Decimal(1000)}
# What a balance has besides cash and worth; nobody asks for these figures here.
_MARGIN_FIGURES = """
long-equity-value short-equity-value long-derivative-value short-derivative-value
long-futures-value short-futures-value long-futures-derivative-value short-futures-derivative-value
long-margineable-value short-margineable-value margin-equity equity-buying-power
derivative-buying-power day-trading-buying-power futures-margin-requirement available-trading-funds
maintenance-requirement maintenance-call-value reg-t-call-value day-trading-call-value
day-equity-call-value cash-available-to-withdraw day-trade-excess pending-cash
long-cryptocurrency-value short-cryptocurrency-value cryptocurrency-margin-requirement
unsettled-cryptocurrency-fiat-amount closed-loop-available-balance
equity-offering-margin-requirement long-bond-value bond-margin-requirement
used-derivative-buying-power reg-t-margin-requirement futures-overnight-margin-requirement
futures-intraday-margin-requirement maintenance-excess pending-margin-interest
effective-cryptocurrency-buying-power
"""


@dataclass(frozen=True)
class Booked:
    """One transaction; it can be seen from `visible_at` on.

    Units: `change` signed units of `symbol` at `price`; `net` signed cash.
    """

    id: int
    at: datetime
    visible_at: datetime
    body: dict[str, Any]
    symbol: str = ""
    change: Decimal = _ZERO
    price: Decimal = _ZERO
    net: Decimal = _ZERO


@dataclass
class Account:
    """An account and its book; `forbidden` has everything but its listing refused."""

    number: str
    kind: str
    environment: str
    start_cash: Decimal
    closed: bool = False
    forbidden: bool = False
    book: list[Booked] = field(default_factory=list)

    def visible(self, now: datetime) -> list[Booked]:
        """List what can be seen, oldest first."""
        seen = [row for row in self.book if row.at <= now and row.visible_at <= now]
        return sorted(seen, key=lambda row: (row.at, row.id))

    def holdings(self, now: datetime) -> dict[str, Holding]:
        """Work out what was ever held; what is flat again has the quantity 0."""
        held: dict[str, Holding] = {}
        for row in self.visible(now):
            if row.change:
                held.setdefault(row.symbol, Holding()).fill(row.change, row.price)
        return held

    def cash(self, now: datetime) -> Decimal:
        """Count the money."""
        return self.start_cash + sum((row.net for row in self.visible(now)), _ZERO)


def when(at: datetime) -> str:
    """Write an instant as tastytrade does: milliseconds and an offset."""
    return as_utc(at).isoformat(timespec="milliseconds")


def text(amount: Decimal) -> str:
    """Write a number as tastytrade does: with at least one decimal place."""
    shown = format(amount.normalize(), "f")
    return shown if "." in shown else f"{shown}.0"


def instrument_type(symbol: str) -> str:
    """Tell what a symbol is by its form."""
    if symbol.startswith("./"):
        return "Future Option"
    if symbol.startswith("/"):
        return "Future"
    if "/" in symbol:
        return "Cryptocurrency"
    return "Equity Option" if len(symbol) == _OPTION_LENGTH else "Equity"


def underlying(symbol: str) -> str:
    """Name what lies under a symbol."""
    match instrument_type(symbol):
        case "Future":
            return symbol.rstrip("0123456789")[:-1]
        case "Future Option":
            return symbol.split(maxsplit=1)[0].lstrip(".")
        case "Equity Option":
            return symbol[:6].strip()
        case _:
            return symbol


def multiplier(symbol: str) -> Decimal:
    """Tell what one unit stands for."""
    match instrument_type(symbol):
        case "Equity Option":
            return Decimal(100)
        case "Future":
            return _POINT_VALUES[underlying(symbol).lstrip("/")]
        case "Future Option":
            return multiplier(underlying(symbol))
        case _:
            return Decimal(1)


def shown(name: str, amount: Decimal) -> dict[str, str]:
    """Render one signed amount; positive is credited."""
    effect = "None" if not amount else "Credit" if amount > 0 else "Debit"
    return {name: text(abs(amount)), f"{name}-effect": effect}


def row_body(
    account: Account, row_id: int, kind: str, sub_type: str, at: datetime
) -> dict[str, Any]:
    """Render what every transaction has."""
    return {
        "id": row_id,
        "account-number": account.number,
        "transaction-type": kind,
        "transaction-sub-type": sub_type,
        "description": f"{sub_type} {row_id}",
        "executed-at": when(at),
        "transaction-date": at.astimezone(NEW_YORK).date().isoformat(),
        "is-estimated-fee": True,
    }


def symbol_body(symbol: str) -> dict[str, str]:
    """Render what a row is about."""
    return {
        "symbol": symbol,
        "instrument-type": instrument_type(symbol),
        "underlying-symbol": underlying(symbol),
    }


def order_body(
    order_id: int, row_id: int, legs: int, fees: Mapping[str, Decimal]
) -> dict[str, Any]:
    """Render what only trades have; fees of zero are shown too."""
    names = ("regulatory-fees", "clearing-fees", "commission", "proprietary-index-option-fees")
    body: dict[str, Any] = {}
    for name in dict.fromkeys((*names, *fees)):
        body |= shown(name, -fees.get(name, _ZERO))
    return {
        **body,
        "exec-id": f"7_B2K-9QX-{row_id}",
        "ext-exec-id": str(row_id),
        "order-id": order_id,
        "leg-count": legs,
        "destination-venue": "WOLVERINE_OPTIONS_A",
    }


def account_body(account: Account) -> dict[str, Any]:
    """Render an account; closed ones are listed too."""
    return {
        "account-number": account.number,
        "external-id": "A0000990001",
        "opened-at": "2021-03-03T14:00:00.000+00:00",
        "nickname": account.kind,
        "account-type-name": account.kind,
        "day-trader-status": False,
        "is-closed": account.closed,
        "is-firm-error": False,
        "is-firm-proprietary": False,
        "is-futures-approved": True,
        "is-test-drive": False,
        "margin-or-cash": "Margin",
        "is-foreign": False,
        "created-at": "2021-03-03T14:00:00.000+00:00",
    }


def position_body(account: Account, symbol: str, held: Holding, now: datetime) -> dict[str, Any]:
    """Render one position; what was closed today is shown with the direction Zero."""
    direction = "Zero" if not held.quantity else "Long" if held.quantity > 0 else "Short"
    return {
        "account-number": account.number,
        **symbol_body(symbol),
        "quantity": float(abs(held.quantity)),
        "quantity-direction": direction,
        "close-price": text(held.last_price),
        "average-open-price": text(held.average),
        "multiplier": int(multiplier(symbol)),
        "cost-effect": "Debit" if held.quantity < 0 else "Credit",
        "is-suppressed": False,
        "is-frozen": False,
        "restricted-quantity": "0.0",
        **shown("realized-day-gain", _ZERO),
        **shown("realized-today", _ZERO),
        "created-at": when(now),
        "updated-at": when(now),
    }


def balance_body(account: Account, now: datetime) -> dict[str, Any]:
    """Render the money of an account, and what it is worth with everything held."""
    cash = account.cash(now)
    worth = {
        symbol: held.value * multiplier(symbol)
        for symbol, held in account.holdings(now).items()
        if instrument_type(symbol) != "Future"
    }
    return {
        "account-number": account.number,
        "currency": "USD",
        "cash-balance": text(cash),
        "net-liquidating-value": text(cash + sum(worth.values(), _ZERO)),
        **dict.fromkeys(_MARGIN_FIGURES.split(), "0.0"),
        "pending-cash-effect": "None",
        "snapshot-date": now.astimezone(NEW_YORK).date().isoformat(),
        "updated-at": when(now),
    }
