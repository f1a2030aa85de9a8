"""One simulated Schwab account: what was booked in it, and how that is shown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from infra.simulators.brokers.holding import Holding

_ZERO = Decimal(0)
_FEE_TYPES = ("COMMISSION", "SEC_FEE", "OPT_REG_FEE", "TAF_FEE")
_OPTION_LENGTH = 21  # "AAPL  260417C00180000": root, date, kind and strike in fixed columns


@dataclass(frozen=True)
class Leg:
    """One thing that a row moves.

    Units: `quantity` signed, `price` per share or unit of a contract.
    """

    symbol: str
    quantity: Decimal
    price: Decimal
    effect: str | None = None

    @property
    def cost(self) -> Decimal:
        """The money, in cents as Schwab books it; negative is paid."""
        return -round(self.quantity * self.price * (100 if self.is_option else 1), 2)

    @property
    def is_option(self) -> bool:
        """Tell an option by its fixed columns."""
        return len(self.symbol) == _OPTION_LENGTH


@dataclass(frozen=True)
class Booked:
    """One transaction; it can be seen from `visible_at` on.

    Shape: `moves` is what it does to positions; the items in its body may cancel each other, and
    their signs may mislead.
    """

    activity_id: int
    at: datetime
    visible_at: datetime
    body: dict[str, Any]
    moves: tuple[Leg, ...] = ()
    cash: Decimal = _ZERO


@dataclass
class Account:
    """An account and its book."""

    number: str
    kind: str  # MARGIN or CASH
    start_cash: Decimal
    hash_value: str
    book: list[Booked] = field(default_factory=list)

    def visible(self, now: datetime) -> list[Booked]:
        """List what can be seen, newest first: no order is promised, so nobody may rely on one."""
        seen = [row for row in self.book if row.at <= now and row.visible_at <= now]
        return sorted(seen, key=lambda row: (row.at, row.activity_id), reverse=True)

    def holdings(self, now: datetime) -> dict[str, Holding]:
        """Work out the open positions, in the order of execution."""
        held: dict[str, Holding] = {}
        for row in reversed(self.visible(now)):
            for leg in row.moves:
                held.setdefault(leg.symbol, Holding()).fill(leg.quantity, leg.price)
        return {symbol: h for symbol, h in sorted(held.items()) if h.quantity}

    def cash(self, now: datetime) -> Decimal:
        """Count the money."""
        return self.start_cash + sum((row.cash for row in self.visible(now)), _ZERO)


def hash_of(number: str, generation: int) -> str:
    """Make the value that stands for an account's number in paths."""
    return sha256(f"{number}|{generation}".encode()).hexdigest()[:48].upper()


def when(at: datetime) -> str:
    """Write an instant as Schwab does: whole seconds, an offset without a colon."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def instrument(symbol: str) -> dict[str, Any]:
    """Describe a share, or an option by the columns of its symbol."""
    shown = {
        "status": "ACTIVE",
        "symbol": symbol,
        "instrumentId": int(sha256(symbol.encode()).hexdigest()[:7], 16),
        "closingPrice": 0.0,
    }
    if len(symbol) != _OPTION_LENGTH:
        return {"assetType": "EQUITY", **shown, "type": "COMMON_STOCK"}
    root, day = symbol[:6].strip(), symbol[6:12]
    return {
        "assetType": "OPTION",
        **shown,
        "expirationDate": f"20{day[:2]}-{day[2:4]}-{day[4:]}T04:00:00+0000",
        "optionPremiumMultiplier": 100,
        "putCall": "CALL" if symbol[12] == "C" else "PUT",
        "strikePrice": int(symbol[13:]) / 1000,
        "type": "VANILLA",
        "underlyingSymbol": root,
    }


def trade_items(legs: Iterable[Leg]) -> list[dict[str, Any]]:
    """Render what was traded."""
    return [
        {
            "instrument": instrument(leg.symbol),
            "amount": float(leg.quantity),
            "cost": float(leg.cost),
            "price": float(leg.price),
            **({"positionEffect": leg.effect} if leg.effect else {}),
        }
        for leg in legs
    ]


def fee_items(fees: Mapping[str, Decimal]) -> list[dict[str, Any]]:
    """Render every kind of fee, those of zero too, as Schwab does."""
    return [
        {
            "instrument": {
                "assetType": "CURRENCY",
                "status": "ACTIVE",
                "symbol": "CURRENCY_USD",
                "description": "USD currency",
                "instrumentId": 1,
                "closingPrice": 0.0,
            },
            "amount": float(fees.get(name, _ZERO)),
            "cost": float(-fees.get(name, _ZERO)),
            "feeType": name,
        }
        for name in dict.fromkeys((*_FEE_TYPES, *fees))
    ]


def account_body(account: Account, now: datetime, *, with_positions: bool) -> dict[str, Any]:
    """Render one account; the key `positions` is missing when nothing is held."""
    held = account.holdings(now)
    cash, worth = account.cash(now), sum((_worth(s, h) for s, h in held.items()), _ZERO)
    balances = {
        "cashBalance": float(cash),
        "equity": float(cash + worth),
        "liquidationValue": float(cash + worth),
    }
    if account.kind == "CASH":
        balances |= {"cashAvailableForTrading": float(cash), "unsettledCash": 0.0}
    else:
        balances |= {"buyingPower": float(2 * cash)}
    inner: dict[str, Any] = {
        "type": account.kind,
        "accountNumber": account.number,
        "roundTrips": 0,
        "isDayTrader": False,
        "isClosingOnlyRestricted": False,
        "initialBalances": {"cashBalance": float(account.start_cash)},
        "currentBalances": balances,
    }
    if with_positions and held:
        inner["positions"] = [_position_body(symbol, h) for symbol, h in held.items()]
    total = {
        "currentLiquidationValue": float(cash + worth),
        "liquidationValue": float(cash + worth),
    }
    return {"securitiesAccount": inner, "aggregatedBalance": total}


def _worth(symbol: str, holding: Holding) -> Decimal:
    return holding.value * (100 if len(symbol) == _OPTION_LENGTH else 1)


def _position_body(symbol: str, holding: Holding) -> dict[str, Any]:
    return {
        "shortQuantity": float(max(-holding.quantity, _ZERO)),
        "averagePrice": float(round(holding.average, 6)),
        "longQuantity": float(max(holding.quantity, _ZERO)),
        "instrument": instrument(symbol),
        "marketValue": float(_worth(symbol, holding)),
    }


def order_bodies(account: Account, rows: Sequence[Booked]) -> list[dict[str, Any]]:
    """Render the filled orders behind some transactions, each with its executions."""
    orders: dict[int, list[Booked]] = {}
    for row in rows:
        if "orderId" in row.body:
            orders.setdefault(row.body["orderId"], []).append(row)
    return [_order_body(account, order_id, fills) for order_id, fills in orders.items()]


def _order_body(account: Account, order_id: int, fills: list[Booked]) -> dict[str, Any]:
    legs = [(fill, leg) for fill in fills for leg in fill.moves]
    filled = float(sum((abs(leg.quantity) for _, leg in legs), _ZERO))
    first = legs[0][1]
    return {
        "orderType": "MARKET",
        "quantity": filled,
        "filledQuantity": filled,
        "remainingQuantity": 0.0,
        "orderLegCollection": [
            {
                "legId": 1,
                "instrument": instrument(first.symbol),
                "instruction": "BUY" if first.quantity > 0 else "SELL",
                "quantity": filled,
            }
        ],
        "orderStrategyType": "SINGLE",
        "orderId": order_id,
        "status": "FILLED",
        "enteredTime": when(min(fill.at for fill in fills)),
        "closeTime": when(max(fill.at for fill in fills)),
        "accountNumber": int(account.number),
        "orderActivityCollection": [_activity_body(fill, leg) for fill, leg in legs],
    }


def _activity_body(fill: Booked, leg: Leg) -> dict[str, Any]:
    quantity = float(abs(leg.quantity))
    execution = {
        "legId": 1,
        "quantity": quantity,
        "mismarkedQuantity": 0.0,
        "price": float(leg.price),
        "time": when(fill.at),
        "instrumentId": instrument(leg.symbol)["instrumentId"],
    }
    return {
        "activityType": "EXECUTION",
        "executionType": "FILL",
        "quantity": quantity,
        "orderRemainingQuantity": 0.0,
        "executionLegs": [execution],
    }
