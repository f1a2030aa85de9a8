"""The entities that a user of the simulated Tradovate may see, by the routes of every kind."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from infra.simulators.brokers.tradovate.books import Account, Books, Row, Trade, stamp
from infra.simulators.brokers.tradovate.library import contract_rows
from infra.simulators.brokers.tradovate.sessions import User
from infra.simulators.brokers.wire import Answer, Call, answer
from infra.simulators.brokers.world import Refused
from shared.brokers.tradovate.session import session_start

_FORGETS = frozenset({"fill", "order", "fillFee", "executionReport", "fillPair"})
_MASTERS = {
    "fill": "orderId",
    "order": "accountId",
    "position": "accountId",
    "cashBalanceLog": "accountId",
    "fillPair": "positionId",
    "contract": "contractMaturityId",
    "contractMaturity": "productId",
}
NOT_FOUND = Answer(404, b"Not found", {"content-type": "text/plain"})
_NO_IDS = {"violations": [{"constraint": "ids", "value": "", "description": "ids are needed"}]}


def named(call: Call) -> tuple[str, str]:
    """Read a kind of entity and a way of asking from a path.

    Raises: Refused.
    """
    parts = call.path.removeprefix("/v1/").split("/")
    if call.method != "GET" or len(parts) != 2:
        raise Refused(NOT_FOUND)
    return parts[0], parts[1]


@dataclass(frozen=True)
class Entities:
    """What one user may see at one moment; ledgers are cut off before `ledger_from`."""

    books: Books
    accounts: Mapping[int, Account]
    user: User
    now: datetime
    ledger_from: datetime | None

    def asked(self, kind: str, way: str, call: Call, *, strict: bool) -> list[Row]:
        """Give what is asked for; with `strict` one unknown id spoils the answer for all.

        Raises: Refused.
        """
        rows = self._rows(kind)
        if way == "list":
            return self._recent(kind, rows)
        if way == "items":
            return self._items(rows, _numbers(call, "ids"), strict=strict)
        if way in {"deps", "ldeps"}:
            return self._dependents(kind, rows, _numbers(call, f"masterid{'s' * (way == 'ldeps')}"))
        raise Refused(NOT_FOUND)

    def _rows(self, kind: str) -> list[Row]:
        """Make all entities of a kind."""
        makers: dict[str, Callable[[], Iterable[Row]]] = {
            "account": self._accounts,
            "fill": lambda: (one.row() for one in self._trades()),
            "order": self._orders,
            "fillFee": self._fees,
            "fillPair": self._pairs,
            "executionReport": lambda: (row for _, row in self.books.reports),
            "position": self._positions,
            "cashBalanceLog": self._ledger,
        }
        if kind in makers:
            return list(makers[kind]())
        traded = {one.contract.contract_id: one.contract for one in self.books.trades}
        library = contract_rows(list(traded.values()))
        if kind not in library:
            raise Refused(NOT_FOUND)
        return library[kind]

    def _own(self) -> list[Account]:
        return [one for one in self.accounts.values() if one.user_name == self.user.name]

    def _trades(self) -> list[Trade]:
        own = {one.account_id for one in self._own()}
        return [t for t in self.books.trades if t.account.account_id in own and t.at <= self.now]

    def _accounts(self) -> Iterable[Row]:
        return (one.row() for one in self._own())

    def _orders(self) -> Iterable[Row]:
        return {one.order_id: one.order_row() for one in self._trades()}.values()

    def _fees(self) -> Iterable[Row]:
        return (t.fee_row() for t in self._trades() if t.fees and t.fees_at <= self.now)

    def _pairs(self) -> Iterable[Row]:
        seen = {one.fill_id for one in self._trades()}
        return (row for closing, row in self.books.pairs if closing.fill_id in seen)

    def _positions(self) -> Iterable[Row]:
        began = session_start(self.now)
        return (
            row for one in self._own() for row in self.books.position_rows(one, began, self.now)
        )

    def _ledger(self) -> Iterable[Row]:
        since = "" if self.ledger_from is None else stamp(self.ledger_from)
        lines = (row for one in self._own() for row in self.books.ledger(one, self.now))
        return (row for row in lines if row["timestamp"] >= since)

    def _recent(self, kind: str, rows: list[Row]) -> list[Row]:
        """Forget what belongs to an earlier session; fees are of their fill's."""
        if kind not in _FORGETS:
            return rows
        began = stamp(session_start(self.now))
        times = {one.fill_id: stamp(one.at) for one in self.books.trades}
        times |= {row["id"]: stamp(by.at) for by, row in self.books.pairs}
        return [row for row in rows if (row.get("timestamp") or times[row["id"]]) >= began]

    def _items(self, rows: list[Row], ids: list[int], *, strict: bool) -> list[Row]:
        if not ids:
            raise Refused(answer(_NO_IDS))
        found = [row for row in rows if row["id"] in ids]
        if strict and len(found) < len(set(ids)):
            raise Refused(NOT_FOUND)
        return found

    def _dependents(self, kind: str, rows: list[Row], masters: list[int]) -> list[Row]:
        if any(self.accounts[one].refused for one in masters if one in self.accounts):
            raise Refused(answer({"errorText": "Account is not found"}))
        master = _MASTERS.get(kind, "")
        return [row for row in rows if row.get(master) in masters]


def _numbers(call: Call, name: str) -> list[int]:
    return [int(one) for one in call.query.get(name, "").split(",") if one.strip().isdecimal()]
