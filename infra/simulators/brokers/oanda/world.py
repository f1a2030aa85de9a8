"""OANDA's v20 REST API as a pure state machine over scripted accounts and a movable clock.

A row can be seen once its time has come, and its id is the next one of its account in the order of
booking: OANDA books nothing late, scripts may. Not here: orders, prices, UNIX times.
Source: oanda/v20-openapi (json/v20.json 3.0.25); developer.oanda.com/rest-live-v20/transaction-ep.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from infra.simulators.brokers.oanda.account import (
    Account,
    account_row,
    money,
    position_bodies,
    stamp,
    summary_body,
)
from infra.simulators.brokers.oanda.query import (
    bodies,
    filtered,
    number,
    out_of_range,
    page_size,
    refused,
    spans,
    window,
)
from infra.simulators.brokers.oanda.stream import TransactionStream
from infra.simulators.brokers.wire import Answer, Call, answer
from infra.simulators.brokers.world import Refused, World, bearer, serves
from shared.domain.money import decimal_text

_HOST_OF = {"live": "api-fxtrade.oanda.com", "practice": "api-fxpractice.oanda.com"}
_STREAM = {"content-type": "application/octet-stream"}
_MOST_SINCE = 1000  # rows that `sinceid` gives at once


@dataclass
class OandaWorld(World):
    """The broker: accounts, rows, tokens.

    Shape: `own_pages` turns on links to the host that was called: OANDA's name its own, and
    following them would show it the token.
    """

    own_pages: bool = False
    _accounts: dict[str, Account] = field(default_factory=dict)

    # ------------------------------------------------------------ scripting

    def add_account(
        self,
        *,
        account_id: str,
        token: str,
        environment: str = "practice",
        balance: Decimal = Decimal(100_000),
        opened_at: datetime | None = None,
        **more: Any,
    ) -> Account:
        """Open an account that a token reaches, with others of the same token.

        Shape: `more` are the fields of Account: currency, mt4_id, forbidden, hedging, next_id.
        """
        account = Account(
            account_id=account_id,
            environment=environment,
            token=token,
            opened_at=opened_at or self.now(),
            balance=balance,
            **more,
        )
        self._accounts[account_id] = account
        return account

    def renew(self, token: str, successor: str) -> None:
        """Make a new token for the same user; the old one is refused from now on."""
        for account in self._accounts.values():
            if account.token == token:
                account.token = successor

    def close(self, account: Account) -> None:
        """List an account no more."""
        del self._accounts[account.account_id]

    def fill(
        self,
        account: Account,
        instrument: str,
        units: Decimal,
        *,
        price: Decimal,
        at: datetime,
        reason: str = "MARKET_ORDER",
        commission: Decimal = Decimal(0),
        financing: Decimal = Decimal(0),
        rate: Decimal = Decimal(1),
        nanos: int = 0,
        closes: str | None = None,
    ) -> str:
        """Book one fill with the order before it, and return the fill's id.

        Units: `units` signed; `rate` from the quote currency to the account's; `commission` a
        positive cost; `financing` signed, negative is paid. `closes` names a trade to close.
        """
        kind = "MARKET_ORDER" if reason.startswith("MARKET_ORDER") else reason
        told = {"instrument": instrument, "units": decimal_text(units)}
        order_id = account.add(kind, at, Decimal(0), **told)
        legs, gained = account.legs(instrument, units, price, rate=rate, closes=closes)
        costs = {"pl": gained, "financing": financing, "commission": commission}
        return account.add(
            "ORDER_FILL",
            at,
            gained + financing - commission,
            time=stamp(at, nanos),
            batchID=order_id,
            orderID=order_id,
            requestedUnits=decimal_text(units),
            price=format(price, "f"),
            fullVWAP=format(price, "f"),
            guaranteedExecutionFee="0.0000",
            halfSpreadCost="0.0000",
            reason=reason,
            gainQuoteHomeConversionFactor=decimal_text(rate),
            lossQuoteHomeConversionFactor=decimal_text(rate),
            **{name: money(amount) for name, amount in costs.items()},
            **told,
            **legs,
        )

    def financing(self, account: Account, amounts: Mapping[str, Decimal], *, at: datetime) -> str:
        """Book one night's rollover by instrument and return the row's id."""
        total = sum(amounts.values(), Decimal(0))
        positions = [
            {"instrument": name, "financing": money(amount)} for name, amount in amounts.items()
        ]
        return account.add(
            "DAILY_FINANCING",
            at,
            total,
            financing=money(total),
            accountFinancingMode="DAILY",
            positionFinancings=positions,
        )

    def transfer(
        self, account: Account, amount: Decimal, *, at: datetime, reason: str = "CLIENT_FUNDING"
    ) -> str:
        """Book money that comes or goes and return the row's id."""
        return account.add("TRANSFER_FUNDS", at, amount, amount=money(amount), fundingReason=reason)

    def row(self, account: Account, kind: str, *, at: datetime, **fields: Any) -> str:
        """Book any row that leaves the balance as it is."""
        return account.add(kind, at, Decimal(0), **fields)

    def positions(self, account: Account) -> dict[str, Decimal]:
        """Tell what is held now, by instrument."""
        return {name: units for name, units in account.held(self.now()).items() if units}

    # -------------------------------------------------------------- serving

    def answered(self, call: Call) -> Answer:
        """Name every answer, refusals too."""
        given = super().answered(call)
        named = {**given.headers, "RequestID": str(42_000_000_000_000_000 + len(self.calls))}
        return replace(given, headers=named)

    def route(self, call: Call) -> Answer:
        reachable = self._reachable(call)
        if call.method != "GET":
            raise refused(405, "Method Not Allowed")
        match call.path.removeprefix("/v3/accounts").split("/"):
            case [""]:
                return answer({"accounts": [account_row(account) for account in reachable]})
            case ["", account_id, *rest]:
                account = _chosen(reachable, account_id)
                if rest == ["transactions", "stream"]:
                    stream = TransactionStream(account, self.now)
                    return Answer(200, b"", _STREAM, more=stream.more)
                body = self._about(account, "/".join(rest), call)
                return answer({**body, "lastTransactionID": account.last_id(self.now())})
            case _:
                raise _no_route()

    def _reachable(self, call: Call) -> list[Account]:
        found = [
            account
            for account in self._accounts.values()
            if bearer(call) == account.token and serves(call, _HOST_OF, account.environment)
        ]
        if not found:
            raise refused(401, "Insufficient authorization to perform request.")
        return found

    def _about(self, account: Account, name: str, call: Call) -> dict[str, Any]:
        now = self.now()
        match name:
            case "summary":
                return {"account": summary_body(account, now)}
            case "openPositions":
                return {"positions": position_bodies(account, now)}
            case "transactions":
                return self._pages(account, call)
            case "transactions/idrange":
                return self._id_range(account, call.query)
            case "transactions/sinceid":
                return self._since_id(account, call.query)
            case _ if name.startswith("transactions/"):
                return self._one(account, name.removeprefix("transactions/"))
            case _:
                raise _no_route()

    def _pages(self, account: Account, call: Call) -> dict[str, Any]:
        since, until = window(call.query, account.opened_at, self.now())
        found = [row for row in account.visible(self.now()) if since <= row.at <= until]
        size, kinds = page_size(call.query), call.query.get("type")
        host = call.headers.get("host", call.host) if self.own_pages else None
        base = f"http://{host}" if host else f"https://{_HOST_OF[account.environment]}"
        asked = {"type": kinds} if kinds else {}
        path = f"{base}/v3/accounts/{account.account_id}/transactions/idrange"
        return {
            "from": stamp(since),
            "to": stamp(until),
            "pageSize": size,
            "type": kinds.split(",") if kinds else [],
            "count": len(filtered(found, call.query)),
            "pages": [
                f"{path}?{urlencode({'from': low, 'to': high, **asked})}"
                for low, high in spans(found, size)
            ],
        }

    def _id_range(self, account: Account, query: Mapping[str, str]) -> dict[str, Any]:
        low, high = number(query, "from"), number(query, "to")
        seen = account.visible(self.now())
        if low > high or not seen or high > seen[-1].number:
            raise out_of_range()
        found = [row for row in seen if low <= row.number <= high]
        return {"transactions": bodies(filtered(found, query))}

    def _since_id(self, account: Account, query: Mapping[str, str]) -> dict[str, Any]:
        after = number(query, "id")
        found = [row for row in account.visible(self.now()) if row.number > after]
        return {"transactions": bodies(filtered(found, query)[:_MOST_SINCE])}

    def _one(self, account: Account, name: str) -> dict[str, Any]:
        for row in account.visible(self.now()):
            if row.body["id"] == name:
                return {"transaction": row.body}
        raise refused(404, "The transaction specified does not exist", "NO_SUCH_TRANSACTION")


def _no_route() -> Refused:
    return refused(404, "The requested resource was not found")


def _chosen(reachable: list[Account], account_id: str) -> Account:
    for account in reachable:
        if account.account_id == account_id:
            if account.forbidden:
                raise refused(403, "The provided request was forbidden.")
            return account
    raise refused(404, "The account specified does not exist", "NO_SUCH_ACCOUNT")
