"""Broker accounts as a user's documents: their names, and the cursor of what is complete."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.brokers.spec import BrokerAccount
from shared.domain.errors import NotFound
from shared.domain.ids import AccountKey, UserId, account_key
from shared.domain.sync.connection import Connection
from shared.domain.time import from_micros, to_micros
from shared.ports import Body, Clock, Create, Document, Documents, Entropy, Key, Update
from shared.retry import compare_and_set


@dataclass(frozen=True, slots=True)
class Account:
    """One broker account of one user.

    Shape: `cursor` is the newest instant up to which every row is known to have been published;
    None before the first run. `marks` endpoint name -> the broker's id that stands for the same,
    where its history is walked by id. `cut` tells that the run which moved the cursor last
    ended before its window did, after it had read the overlap; `read_at` when one that did not
    began. `setbacks` counts how often the cursor was put back.
    """

    user_id: UserId
    key: AccountKey
    account_id: str
    environment: str
    cursor: datetime | None
    marks: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    setbacks: int = 0
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Accounts:
    """Repository of accounts."""

    documents: Documents
    clock: Clock
    entropy: Entropy

    async def ensure(
        self, connection: Connection, found: BrokerAccount, history_limit: timedelta | None = None
    ) -> Account:
        """Store the account that a connection reaches, or add the connection to a known one.

        Units: `history_limit` is how far back the broker answers; what lay before it when the
        account was first seen will never be known.
        Raises: StoreUnavailable.
        """
        key = account_key(connection.broker, connection.environment, found.account_id)
        place = Key("accounts", (connection.user_id, key))

        async def write() -> Body:
            (document,) = await self.documents.get_many([place])
            before = document.body if document else self._new(connection, found, history_limit)
            body = {
                **before,
                "account_number": found.number,
                "currency": found.currency,
                "connection_ids": sorted({*before["connection_ids"], connection.connection_id}),
                "vanished_us": None,
            }
            if document is None:
                await self.documents.commit([Create(place, body)])
            elif body != document.body:
                await self.documents.commit([Update(place, body, document.version)])
            return body

        body = await compare_and_set(self.clock, self.entropy, write)
        cursor_us, read_us = body["cursor_us"], body.get("read_us")
        return Account(
            user_id=connection.user_id,
            key=key,
            account_id=found.account_id,
            environment=connection.environment,
            cursor=None if cursor_us is None else from_micros(cursor_us),
            marks=body.get("marks", {}),
            cut=body.get("cut", False),
            setbacks=body.get("setbacks", 0),
            read_at=None if read_us is None else from_micros(read_us),
        )

    async def note_vanished(self, user_id: UserId, key: AccountKey) -> None:
        """Mark an account that its login no longer lists; what is in the journal stays.

        Idempotent: an account of which nothing was ever read is none.
        Raises: StoreUnavailable.
        """

        async def write() -> None:
            (document,) = await self.documents.get_many([Key("accounts", (user_id, key))])
            if document is not None and document.body.get("vanished_us") is None:
                body = {**document.body, "vanished_us": to_micros(self.clock.now())}
                await self.documents.commit([Update(document.key, body, document.version)])

        await compare_and_set(self.clock, self.entropy, write)

    async def detach(self, user_id: UserId, key: AccountKey, connection_id: str) -> list[str]:
        """Forget that a connection reaches an account; return the connections that still do.

        Idempotent: an account of which nothing was ever read has none.
        Raises: StoreUnavailable.
        """

        async def write() -> list[str]:
            (document,) = await self.documents.get_many([Key("accounts", (user_id, key))])
            if document is None:
                return []
            left = [one for one in document.body["connection_ids"] if one != connection_id]
            body = {**document.body, "connection_ids": left}
            await self.documents.commit([Update(document.key, body, document.version)])
            return left

        return await compare_and_set(self.clock, self.entropy, write)

    async def advance(
        self,
        account: Account,
        complete_until: datetime,
        run: int,
        marks: Mapping[str, str],
        *,
        read_at: datetime | None,
    ) -> None:
        """Move the cursor forward, never back; `marks` are the ids that belong to it.

        A cursor that was put back since the run began stays there: what another run lost lies
        before this run's window.
        Shape: `read_at` is until when the run has asked, None when the budget cut it.
        Raises: NotFound, StoreUnavailable.
        """

        async def write() -> None:
            document = await read_account(self.documents, account.user_id, account.key)
            if document.body.get("setbacks", 0) != account.setbacks:
                return
            reached = max(document.body["cursor_us"] or 0, to_micros(complete_until))
            read_us = None if read_at is None else to_micros(read_at)
            news = {"cursor_us": reached, "last_run": run, "marks": dict(marks)}
            body = {**document.body, **news, "cut": read_at is None, "read_us": read_us}
            await self.documents.commit([Update(document.key, body, document.version)])

        await compare_and_set(self.clock, self.entropy, write)

    def _new(
        self, connection: Connection, found: BrokerAccount, history_limit: timedelta | None
    ) -> Body:
        now = self.clock.now()
        return {
            "beyond_before_us": None if history_limit is None else to_micros(now - history_limit),
            "broker": connection.broker,
            "environment": connection.environment,
            "account_id": found.account_id,
            "connection_ids": [],
            "cursor_us": None,
            "first_seen_us": to_micros(now),
            "last_run": 0,
            "setbacks": 0,
        }


def set_back(account: Body, cursor_us: int | None) -> Body:
    """Put the cursor back, for runs that are under way too.

    By times and not from a mark: what the mark stands for was lost.
    """
    setbacks = account.get("setbacks", 0) + 1
    back: Body = {"cursor_us": cursor_us, "marks": {}, "cut": False, "read_us": None}
    return {**account, **back, "setbacks": setbacks}


async def read_account(documents: Documents, user_id: UserId, key: str) -> Document:
    """Read an account's document.

    Raises: NotFound, StoreUnavailable.
    """
    (document,) = await documents.get_many([Key("accounts", (user_id, key))])
    if document is None:
        raise NotFound(f"there is no account {key!r}")
    return document
