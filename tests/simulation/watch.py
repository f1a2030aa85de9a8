"""What may never happen, watched at the true store, the true bus and the brokers' doors."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from urllib.parse import parse_qs

from pydantic_core import from_json

from infra.simulators.brokers.wire import Answer, Call
from shared.domain.ids import AccountKey, ConnectionId
from shared.domain.messages import ExecutionsObserved
from shared.domain.time import to_micros
from shared.journal.connect.vault import Vault
from shared.ports import Body, Create, Document, Key, Outgoing, Update, Write
from tests.twins.memory_bus import MemoryBus
from tests.twins.memory_documents import MemoryDocuments


@dataclass(frozen=True)
class Booking:
    """A fill as its broker booked it; it could be seen from `visible_at` on."""

    account_key: AccountKey
    booking_id: str
    at: datetime
    visible_at: datetime


@dataclass(frozen=True)
class Told:
    """What a broker says of a booking in the end; `at` is None where it has no one time."""

    booking_id: str
    status: str
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    at: str | None = None


_KEPT = frozenset({"runs", "executions", "accounts", "receipts"})  # what checks look back at


class WatchedBus(MemoryBus):
    """A bus that knows which fills were ever published, readable or not."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: defaultdict[str, set[str]] = defaultdict(set)

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        await super().publish(messages)
        for message in messages:
            if message.topic == ExecutionsObserved.topic:
                page = from_json(message.data)
                shown = self.shown[page["account_key"]]
                ids = [seen["row"].get("execution_id") for seen in page["rows"]]
                shown |= {booking_id(fill) for fill in ids if fill}  # events have none
                shown |= {_raw_id(row["raw"]) for row in page["unread"]}


def booking_id(execution_id: str) -> str:
    """Name the broker's booking; of an id of Alpaca's that is all, of others' the first part."""
    return execution_id if "::" in execution_id else execution_id.split(":", maxsplit=1)[0]


def _raw_id(raw: str) -> str:
    """Name the fill inside an unread row of Alpaca, Schwab or TradeStation."""
    row = json.loads(raw)
    return str(row.get("id") or row.get("activityId") or row.get("OrderID") or row)


class Watch(MemoryDocuments):
    """A store that lists every broken invariant in `faults`, at the commit that broke it."""

    def __init__(self, bus: WatchedBus, vault: Vault) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.bookings: list[Booking] = []
        self._bus = bus
        self.vault = vault
        self._kept: dict[Key, Body] = {}  # what is stored of the collections in _KEPT
        self._sealed: dict[Key, str] = {}  # a connection's login, as it was looked at
        self._tokens: defaultdict[Key, list[str]] = defaultdict(
            list
        )  # a connection's, oldest first
        self._given: dict[str, int] = {}  # a broker's refresh tokens, numbered as they were given
        self._booked_before: dict[tuple[str, int], int] = {}  # run -> bookings when it was opened
        self._keys: dict[tuple[str, str], Key] = {}  # account and execution id -> row key

    def read(self, key: Key) -> Document | None:
        return self._read(key)

    async def commit(self, writes: Sequence[Write]) -> None:
        await super().commit(writes)
        before = {write.key: self._kept.pop(write.key, None) for write in writes}
        made = [write for write in writes if isinstance(write, Create | Update)]
        self._kept |= {one.key: one.body for one in made if one.key.collection in _KEPT}
        for write in made:
            self._look(write, before[write.key])
            if write.key.collection == "connections":
                await self._look_at_login(write.key, write.body)

    def _look(self, write: Create | Update, before: Body | None) -> None:
        match write.key.collection:
            case "runs" if before is None:
                run = (write.body["account_key"], write.body["run"])
                self._booked_before[run] = len(self.bookings)
            case "executions":
                self._look_at_row(write.key, write.body, before)
            case "accounts":
                self._look_at_cursor(write.key, write.body, before)
            case "coverage":
                self._look_at_days(write.key, write.body)
            case _:
                pass

    def _look_at_row(self, key: Key, body: Body, before: Body | None) -> None:
        name = (body["account_key"], str(body["body"].get("execution_id")))
        if self._keys.setdefault(name, key) != key:
            self.faults.append(f"{name[1]} is in the log twice")
        if before is not None and body["observation"] < before["observation"]:
            self.faults.append(f"{name[1]}: an older observation lies over a newer one")

    def _look_at_cursor(self, key: Key, body: Body, before: Body | None) -> None:
        reached, was = body["cursor_us"], before["cursor_us"] if before else None
        if reached is None or reached <= (was or 0):
            return
        if body["last_run"] == 0:  # no run moved it: one that was lost put it where it had begun
            if body["setbacks"] <= (before["setbacks"] if before else 0):
                self.faults.append("the cursor moved without a run")
            return
        run = self._kept[Key("runs", (key.path[0], f"{key.id}-{body['last_run']:012d}"))]
        shown, began = self._bus.shown[key.id], self._booked_before[key.id, body["last_run"]]
        for booking in self.bookings[:began]:
            if booking.account_key != key.id or booking.booking_id in shown:
                continue
            could_be_seen = to_micros(booking.visible_at) <= run["started_us"]
            if could_be_seen and run["window_from_us"] <= to_micros(booking.at) <= reached:
                self.faults.append(f"the cursor went past {booking.booking_id}, never published")

    def _look_at_days(self, key: Key, body: Body) -> None:
        complete = {t["run"] for t in body["days"].values() if t["state"] == "complete"}
        for number in complete:
            name = f"{body['account_key']}-{number:012d}"
            run = self._kept.get(Key("runs", (key.path[0], name)))
            pages = range(run["pages"]) if run else [0]
            receipts = [Key("receipts", (key.path[0], f"{name}-{page:08d}")) for page in pages]
            if any(receipt not in self._kept for receipt in receipts):
                self.faults.append(f"days are complete by run {number}, which lacks receipts")

    async def _look_at_login(self, key: Key, body: Body) -> None:
        if self._sealed.get(key) == body["sealed"]:
            return
        self._sealed[key] = body["sealed"]
        login = await self.vault.open(ConnectionId(key.id), body["sealed"])
        kept, token = self._tokens[key], login.get("refresh_token")
        if not token or token in kept:
            return
        given = self._given.setdefault(token, len(self._given) + 1)  # else its user brought it
        if kept and given < self._given[kept[-1]]:
            self.faults.append("an older refresh token lies over a newer one")
        kept.append(token)

    def look_at_answer(self, call: Call, answer: Answer) -> None:
        """See which refresh token a broker gave, and after which others."""
        if b"refresh_token" in call.body and b"refresh_token" in answer.body:
            self._given.setdefault(from_json(answer.body)["refresh_token"], len(self._given) + 1)

    def look_at_call(self, call: Call) -> None:
        """See whether a call shows a refresh token whose successor is stored already."""
        if b"refresh_token" not in call.body:
            return
        (token, *_) = parse_qs(call.body.decode()).get("refresh_token", [""])
        if any(token in kept[:-1] for kept in self._tokens.values()):
            self.faults.append("a refresh token was used after its successor had been stored")
