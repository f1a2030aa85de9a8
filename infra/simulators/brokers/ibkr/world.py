"""IBKR's Flex Web Service as a pure state machine over scripted accounts and a movable clock.

Statements are out once a day, for weekdays before today; trade confirmations have today alone.
Where IBKR is silent (how many failures lock out, whether td is included) this is our reading, and
the synchronization must not depend on it.
Source: ibkrguides.com "Flex Web Service Version 3"; IBKR's error table; recorded lock-outs.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from infra.simulators.brokers.ibkr.account import (
    Account,
    Booked,
    Fields,
    instrument,
    stamp,
    trade_day,
)
from infra.simulators.brokers.ibkr.documents import activity, confirmations, report, short_answer
from infra.simulators.brokers.wire import Answer, Call
from infra.simulators.brokers.world import Refused, World
from shared.domain.money import decimal_text
from shared.domain.time import NEW_YORK

_SERVICE = "/AccountManagement/FlexWebService"
_DAY = timedelta(days=1)
_LONGEST = 365
_FAILURES, _LOCKED = 5, timedelta(hours=12)
_SECOND, _MINUTE, _PER_MINUTE = timedelta(seconds=1), timedelta(minutes=1), 10
_TEXTS = {
    "1003": "Statement is not available.",
    "1012": "Token has expired.",
    "1014": "Query is invalid.",
    "1015": "Token is invalid.",
    "1017": "Reference code is invalid.",
    "1018": "Too many requests have been made from this token. Please try again shortly.",
    "1019": "Statement generation in progress. Please try again shortly.",
    "1020": "Invalid request or unable to validate request.",
    "1025": "Too many failed attempts. Please review your configuration.",
}


@dataclass
class Token:
    """One token: its queries (id -> AF or TCF), and what was asked with it."""

    queries: dict[str, str]
    accounts: list[Account]
    expired: bool = False
    asked: list[datetime] = field(default_factory=list)
    failures: int = 0
    locked_until: datetime | None = None


@dataclass
class _Ordered:
    token: Token
    kind: str
    first: date
    last: date
    polls: int


@dataclass
class IbkrWorld(World):
    """The broker: tokens, queries, accounts, rows.

    Shape: `polls` is how often a report is "in progress" first; `late` how many more weekdays
    statements are behind; `one_day` lets reports cover their last day whatever was asked; `omitted`
    names the sections and Element.columns that the query leaves out; `limited` turns the rate
    limits on; `url` stands in for the address that answers name for the second step.
    """

    polls: int = 0
    late: int = 0
    one_day: bool = False
    limited: bool = True
    url: str = "https://gdcdyn.interactivebrokers.com" + _SERVICE + "/GetStatement"
    confirmed_after: timedelta = timedelta(0)
    omitted: set[str] = field(default_factory=set)
    fails_with: list[str] = field(default_factory=list)  # codes for the next SendRequests
    accounts: dict[str, Account] = field(default_factory=dict)
    _tokens: dict[str, Token] = field(default_factory=dict)
    _ordered: dict[str, _Ordered] = field(default_factory=dict)
    _numbers: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    # ------------------------------------------------------------ scripting

    def add_token(self, token: str, query: str, confirmations: str = "") -> Token:
        """Make a token for a query of activity, and for one of confirmations where it is named."""
        queries = {query: "AF"} | ({confirmations: "TCF"} if confirmations else {})
        return self._tokens.setdefault(token, Token(queries, []))

    def add_account(self, token: Token, account_id: str, **more: object) -> Account:
        """Add an account to the queries of a token."""
        account = Account(account_id, **more)  # type: ignore[arg-type]  # fields of Account
        self.accounts[account_id] = account
        token.accounts.append(account)
        return account

    def fill(
        self,
        account: Account,
        symbol: str,
        quantity: Decimal,
        *,
        price: Decimal,
        at: datetime,
        category: str = "STK",
        multiplier: Decimal = Decimal(1),
        commission: Decimal = Decimal(-1),
        known_at: datetime | None = None,
        **more: str,
    ) -> Booked:
        """Book one execution. Units: `quantity` signed; `commission` negative where it costs."""
        number = self._number("trade")
        day = trade_day(at, category)
        currency = symbol.partition(".")[2] if category == "CASH" else account.currency
        fields = instrument(symbol, category, multiplier, currency) | {
            "tradeID": str(1_790_000_000 + number),
            "dateTime": stamp(at),
            "tradeDate": f"{day:%Y%m%d}",
            "transactionType": "ExchTrade",
            "quantity": decimal_text(quantity),
            "tradePrice": decimal_text(price),
            "ibCommission": decimal_text(commission),
            "ibCommissionCurrency": account.currency,
            "openCloseIndicator": "O",
            "notes": "",
            "buySell": "BUY" if quantity > 0 else "SELL",
            "ibOrderID": str(720_000_000 + number),
            "transactionID": self._transaction(),
            "ibExecID": f"0000e183.{number:08x}.01.01",
            "origTradeID": "",
            "levelOfDetail": "EXECUTION",
            **more,
        }
        moved = Booked("Trades", "Trade", fields, day, known_at or at, symbol, quantity, price)
        moved.cash, moved.confirmed = commission - quantity * price * multiplier, True
        account.book.append(moved)
        return moved

    def cancel(self, account: Account, fill: Booked, *, known_at: datetime) -> Booked:
        """Take an execution back; its commission stays where it was."""
        told, quantity = fill.fields, -fill.quantity
        fill.stands = False
        fields = {
            **told,
            "tradeID": "",
            "ibExecID": "",
            "origTradeID": told["tradeID"],
            "transactionType": "TradeCancel",
            "transactionID": self._transaction(),
            "quantity": decimal_text(quantity),
            "ibCommission": "0",
            "notes": "Ca",
            "buySell": f"{told['buySell']} (Ca.)",
        }
        row = Booked("Trades", "Trade", fields, fill.day, known_at, fill.symbol, quantity)
        row.stands, row.cash, row.confirmed = False, -fill.cash, True
        row.cash += Decimal(told["ibCommission"])
        account.book.append(row)
        return row

    def end_option(
        self,
        account: Account,
        symbol: str,
        note: str,
        *,
        at: datetime,
        shares: Decimal | None = None,
    ) -> None:
        """Expire (Ep), exercise (Ex) or assign (A) what is held of an option, at 16:20."""
        at = at.astimezone(NEW_YORK).replace(hour=16, minute=20, second=0)
        option = next(row for row in account.book if row.symbol == symbol)
        held = account.holdings(at.date(), at)[symbol].quantity
        self._booking(account, option.fields, -held, price=Decimal(0), notes=note, at=at)
        if shares is not None:
            root, strike = option.fields["underlyingSymbol"], Decimal(option.fields["strike"])
            stock = instrument(root, "STK", Decimal(1), account.currency)
            self._booking(account, stock, shares, price=strike, notes=note, at=at)

    def row(self, account: Account, section: str, element: str, day: date, **fields: str) -> Booked:
        """Book any other row; its `amount` moves cash."""
        told = {"transactionID": self._transaction(), "currency": account.currency, **fields}
        at = datetime.combine(day, datetime.min.time(), NEW_YORK)
        booked = Booked(section, element, told, day, at, cash=Decimal(fields.get("amount", "0")))
        account.book.append(booked)
        return booked

    def positions(self, account: Account) -> dict[str, Decimal]:
        """Tell what the last statement says is held, by symbol."""
        held = account.holdings(self.last_out(), self.now())
        return {symbol: holding.quantity for symbol, holding in held.items()}

    def last_out(self) -> date:
        """Name the last day whose statement is out."""
        day = self._today()
        for _ in range(1 + self.late):
            day -= _DAY
            while day.weekday() > 4:
                day -= _DAY
        return day

    def _booking(
        self, account: Account, told: Fields, quantity: Decimal, *, price: Decimal, **more: Any
    ) -> None:
        row = self.fill(
            account,
            told["symbol"],
            quantity,
            price=price,
            category=told["assetCategory"],
            multiplier=Decimal(told["multiplier"]),
            commission=Decimal(0),
            ibExecID="",
            transactionType="BookTrade",
            **more,
        )
        row.confirmed = False
        row.fields["ibOrderID"] = row.fields["transactionID"]
        names = (*instrument(row.symbol, "", Decimal(1), ""), "tradeID", "quantity", "tradePrice")
        repeated = {name: row.fields[name] for name in names}
        account.book.append(Booked("OptionEAE", "OptionEAE", repeated, row.day, row.known_at))

    def _transaction(self) -> str:
        return str(10_648_000_000 + self._number("transaction"))

    def _number(self, kind: str) -> int:
        self._numbers[kind] += 1
        return self._numbers[kind]

    def _today(self) -> date:
        return self.now().astimezone(NEW_YORK).date()

    # -------------------------------------------------------------- serving

    def route(self, call: Call) -> Answer:
        if call.method != "GET" or not call.headers.get("user-agent"):
            return Answer(403, b"<html>Forbidden</html>", {"content-type": "text/html"})
        step = call.path.removeprefix(f"{_SERVICE}/")
        if step not in ("SendRequest", "GetStatement") or call.query.get("v") != "3":
            raise self._failed("1020")
        token = self._token(call.query.get("t", ""))
        return self._send(token, call.query) if step == "SendRequest" else self._get(call.query)

    def _token(self, name: str) -> Token:
        token = self._tokens.get(name)
        if token is None:
            raise self._failed("1015")
        now = self.now()
        if token.locked_until is not None and now < token.locked_until:
            token.locked_until = now + _LOCKED  # asking prolongs it
            raise self._failed("1025", "Warn")
        token.asked = [at for at in token.asked if now - at < _MINUTE]
        hurried = bool(token.asked) and now - token.asked[-1] < _SECOND
        if self.limited and (hurried or len(token.asked) >= _PER_MINUTE):
            raise self._failed("1018")
        token.asked.append(now)
        return token

    def _send(self, token: Token, query: Mapping[str, str]) -> Answer:
        kind = token.queries.get(query.get("q", ""))
        code = "1012" if token.expired else "" if kind else "1014"
        code = code or (self.fails_with.pop(0) if self.fails_with else "")
        first, last, wrong = self._days(query, kind or "")
        if code := code or wrong:
            token.failures += 1
            if token.failures >= _FAILURES:
                token.locked_until = self.now() + _LOCKED
            raise self._failed(code)
        token.failures = 0
        reference = str(1_000_000_000 + self._number("reference"))
        self._ordered[reference] = _Ordered(token, kind or "", first, last, self.polls)
        return short_answer(self.now(), "Success", ReferenceCode=reference, Url=self.url)

    def _days(self, query: Mapping[str, str], kind: str) -> tuple[date, date, str]:
        """Read which days are asked for; without any, the query's own period: one day."""
        out = self._today() if kind == "TCF" else self.last_out()
        if "fd" not in query and "td" not in query:
            return out, out, ""
        try:
            first, last = (date.fromisoformat(query[name]) for name in ("fd", "td"))
        except (KeyError, ValueError):
            return out, out, "1020"
        if last < first or (last - first).days > _LONGEST:
            return out, out, "1020"
        if kind == "TCF":
            return out, out, ""  # whatever is asked for
        return first, last, "1003" if last > out else ""

    def _get(self, query: Mapping[str, str]) -> Answer:
        ordered = self._ordered.get(query.get("q", ""))
        if ordered is None:
            raise self._failed("1017")
        if ordered.polls > 0:
            ordered.polls -= 1
            raise self._failed("1019", "Warn")
        accounts, now = ordered.token.accounts, self.now()
        if ordered.kind == "TCF":
            found = [
                confirmations(one, self._confirmed(one), ordered.last, now, self.omitted)
                for one in accounts
            ]
            return report("TCF", found)
        found = []
        for one in accounts:
            first = ordered.last if self.one_day or one.shortened else ordered.first
            found.append(activity(one, first, ordered.last, now, self.omitted))
        return report("AF", found)

    def _confirmed(self, account: Account) -> list[Booked]:
        rows = account.known(self.now() - self.confirmed_after)
        return [row for row in rows if row.confirmed and row.day >= self._today()]

    def _failed(self, code: str, status: str = "Fail") -> Refused:
        text = _TEXTS.get(code, "Statement could not be generated at this time.")
        return Refused(short_answer(self.now(), status, ErrorCode=code, ErrorMessage=text))
