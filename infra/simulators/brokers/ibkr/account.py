"""What a simulated account has booked, as rows of Flex sections."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from infra.simulators.brokers.holding import Holding
from shared.domain.money import decimal_text
from shared.domain.time import NEW_YORK

Fields = dict[str, str]
_DAY = timedelta(days=1)
_EVENING = time(17)
_OPTION_ROOT = 6  # CLF   260724C00011500


@dataclass
class Booked:
    """One row: its element, section and day, when it came to be known, and what it moved."""

    section: str
    element: str
    fields: Fields
    day: date
    known_at: datetime
    symbol: str = ""
    quantity: Decimal = Decimal(0)
    price: Decimal = Decimal(0)
    cash: Decimal = Decimal(0)
    confirmed: bool = False  # also in trade confirmations
    stands: bool = True


@dataclass
class Account:
    """One account; `shortened` lets its statements cover their last day alone."""

    account_id: str
    currency: str = "USD"
    opened_on: date = date(2020, 1, 2)
    cash: Decimal = Decimal(100_000)
    shortened: bool = False
    book: list[Booked] = field(default_factory=list)

    def known(self, now: datetime) -> list[Booked]:
        """Give what is booked by now, by symbol and not by time."""
        seen = [row for row in self.book if row.known_at <= now]
        return sorted(seen, key=lambda row: row.symbol)

    def holdings(self, through: date, now: datetime) -> dict[str, Holding]:
        """Add up what is held at the end of a day, by symbol; what is flat is left out."""
        held: dict[str, Holding] = {}
        for row in self.book:
            if row.stands and row.symbol and row.day <= through and row.known_at <= now:
                held.setdefault(row.symbol, Holding()).fill(row.quantity, row.price)
        return {symbol: holding for symbol, holding in held.items() if holding.quantity}

    def money(self, through: date, now: datetime) -> Decimal:
        """Add cash up at the end of a day; commissions count whatever became of their trade."""
        rows = [row for row in self.book if row.day <= through and row.known_at <= now]
        return self.cash + sum((row.cash for row in rows), Decimal(0))


def trade_day(at: datetime, category: str) -> date:
    """Name the day whose statement has a trade: an evening's futures belong to the next weekday."""
    local = at.astimezone(NEW_YORK)
    if category not in ("FUT", "FOP", "CASH") or local.time() < _EVENING:
        return local.date()
    day = local.date() + _DAY
    return day + max(0, 7 - day.weekday()) * _DAY if day.weekday() > 4 else day


def instrument(symbol: str, category: str, multiplier: Decimal, currency: str) -> Fields:
    """Describe what is traded, option terms included."""
    told = {
        "currency": currency,
        "assetCategory": category,
        "symbol": symbol,
        "conid": str(sum(map(ord, symbol)) + 100_000),
        "underlyingSymbol": symbol,
        "multiplier": decimal_text(multiplier),
        "strike": "",
        "expiry": "",
        "putCall": "",
    }
    if category == "OPT":
        tail = symbol[_OPTION_ROOT:]
        told |= {"underlyingSymbol": symbol[:_OPTION_ROOT].strip(), "expiry": f"20{tail[:6]}"}
        told |= {"putCall": tail[6], "strike": decimal_text(Decimal(int(tail[7:])) / 1000)}
    return told


def stamp(at: datetime) -> str:
    """Write a time as queries are told to."""
    return f"{at.astimezone(NEW_YORK):%Y%m%d;%H%M%S}"


def confirmation(row: Mapping[str, str]) -> Fields:
    """Write a trade as trade confirmations do."""
    renamed = {
        "ibOrderID": "orderID",
        "ibExecID": "execID",
        "tradePrice": "price",
        "ibCommission": "commission",
        "ibCommissionCurrency": "commissionCurrency",
        "notes": "code",
    }
    left_out = ("transactionID", "openCloseIndicator")
    return {renamed.get(name, name): text for name, text in row.items() if name not in left_out}
