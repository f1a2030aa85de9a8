"""A durable queue in one SQLite file: Pub/Sub's promises, and its push format, on one machine."""

import base64
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from shared.adapters.message_rules import check_message
from shared.adapters.sqlite.sqlite_connection import SqliteConnection
from shared.domain.errors import InvalidInput
from shared.domain.time import from_micros, iso, to_micros
from shared.ports import Clock, Outgoing

_LEASE = timedelta(seconds=600)  # Pub/Sub's longest acknowledgement deadline

_SCHEMA = """
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, subscription TEXT NOT NULL, message_id TEXT NOT NULL,
    data BLOB NOT NULL, attributes TEXT NOT NULL, published_us INTEGER NOT NULL,
    due_us INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS ix_due ON deliveries (subscription, due_us, id);
CREATE TABLE IF NOT EXISTS dead (
    id INTEGER PRIMARY KEY, subscription TEXT NOT NULL, message_id TEXT NOT NULL,
    data BLOB NOT NULL, attributes TEXT NOT NULL, published_us INTEGER NOT NULL,
    attempts INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sequence (value INTEGER NOT NULL);
INSERT INTO sequence SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM sequence);
"""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who gets a topic's messages, and how patiently.

    Units: `min_backoff_s` and `max_backoff_s` seconds between attempts, doubling.
    """

    name: str
    topic: str
    endpoint: str
    max_attempts: int = 5
    min_backoff_s: float = 10.0
    max_backoff_s: float = 600.0

    def backoff(self, attempts: int) -> timedelta:
        """Tell how long to wait after this many attempts."""
        return timedelta(seconds=min(self.max_backoff_s, self.min_backoff_s * 2 ** (attempts - 1)))


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way to one subscription; `attempt` counts from 1."""

    id: int
    subscription: str
    message_id: str
    data: bytes
    attributes: dict[str, str]
    published_us: int
    attempt: int

    def push_body(self) -> dict[str, Any]:
        """Render what Pub/Sub posts, with both spellings of its names.

        Source: https://cloud.google.com/pubsub/docs/push#receive_push (read 2026-11-24).
        """
        published = iso(from_micros(self.published_us))
        return {
            "deliveryAttempt": self.attempt,
            "message": {
                "attributes": self.attributes,
                "data": base64.b64encode(self.data).decode(),
                "messageId": self.message_id,
                "message_id": self.message_id,
                "publishTime": published,
                "publish_time": published,
            },
            "subscription": f"projects/local/subscriptions/{self.subscription}",
        }


class SqliteBus:
    """At-least-once delivery to subscriptions that are known when a message is published."""

    def __init__(self, path: Path, clock: Clock, subscriptions: Sequence[Subscription]) -> None:
        self.subscriptions = tuple(subscriptions)
        self._clock = clock
        self._connection = SqliteConnection(path, _create_tables)

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Store each message once for every subscription of its topic, all in one transaction."""
        for message in messages:
            self._check(message)
        now_us = self._now_us()

        def work(connection: sqlite3.Connection) -> None:
            (last,) = connection.execute(
                "UPDATE sequence SET value = value + ? RETURNING value", (len(messages),)
            ).fetchone()
            connection.executemany(
                "INSERT INTO deliveries "
                "(subscription, message_id, data, attributes, published_us, due_us) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (s.name, str(number), m.data, json.dumps(dict(m.attributes)), now_us, now_us)
                    for number, m in enumerate(messages, last - len(messages) + 1)
                    for s in self.subscriptions
                    if s.topic == m.topic
                ],
            )

        # survives a power cut, because the caller moves on; what a lease or an acknowledgement
        # may lose to one is only delivered again
        await self._connection.write(work, durable=True)

    def _check(self, message: Outgoing) -> None:
        topics = sorted({s.topic for s in self.subscriptions})
        if message.topic not in topics:
            raise InvalidInput(f"there is no topic {message.topic!r}", expected=topics)
        check_message(message)

    async def lease(self, subscription: Subscription, limit: int) -> list[Delivery]:
        """Take due messages; what is neither acknowledged nor put back comes again by itself.

        A message whose attempts are used up goes to the dead letter instead.
        Raises: StoreUnavailable.
        """
        now_us, until_us = self._now_us(), to_micros(self._clock.now() + _LEASE)

        def work(connection: sqlite3.Connection) -> list[Delivery]:
            _bury_spent(connection, subscription, now_us)
            rows = connection.execute(
                "UPDATE deliveries SET due_us = ?, attempts = attempts + 1 WHERE id IN "
                "(SELECT id FROM deliveries WHERE subscription = ? AND due_us <= ? "
                "ORDER BY due_us, id LIMIT ?) "
                "RETURNING id, subscription, message_id, data, attributes, published_us, attempts",
                (until_us, subscription.name, now_us, limit),
            ).fetchall()
            return [_delivery(row) for row in sorted(rows)]

        return await self._connection.write(work)

    async def acknowledge(self, delivery: Delivery) -> None:
        """Forget a message that was consumed.

        Raises: StoreUnavailable.
        """
        await self._connection.write(
            lambda c: c.execute("DELETE FROM deliveries WHERE id = ?", (delivery.id,))
        )

    async def put_back(self, subscription: Subscription, delivery: Delivery) -> None:
        """Let a refused message come again after its backoff, or die when that was the last try.

        Raises: StoreUnavailable.
        """
        last = delivery.attempt >= subscription.max_attempts
        wait = timedelta() if last else subscription.backoff(delivery.attempt)
        now_us, due_us = self._now_us(), to_micros(self._clock.now() + wait)

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                # attempts: after our lease ran out another worker may have it
                "UPDATE deliveries SET due_us = ? WHERE id = ? AND attempts = ?",
                (due_us, delivery.id, delivery.attempt),
            )
            _bury_spent(connection, subscription, now_us)

        await self._connection.write(work)

    async def due_in_s(self) -> dict[str, float]:
        """Tell of each subscription that has messages in how many seconds its next one is due.

        Shape: without those that an older version left messages for and that nobody serves now.
        Raises: StoreUnavailable.
        """
        found = await self._connection.read(
            lambda c: c.execute(
                "SELECT subscription, min(due_us) FROM deliveries GROUP BY subscription"
            ).fetchall()
        )
        now_us, served = self._now_us(), {s.name for s in self.subscriptions}
        return {name: max(0.0, (due - now_us) / 1e6) for name, due in found if name in served}

    async def dead(self) -> list[Delivery]:
        """List the dead letter, oldest first.

        Raises: StoreUnavailable.
        """
        rows = await self._connection.read(
            lambda c: c.execute(
                "SELECT id, subscription, message_id, data, attributes, published_us, attempts "
                "FROM dead ORDER BY id"
            ).fetchall()
        )
        return [_delivery(row) for row in rows]

    async def close(self) -> None:
        """Close the file."""
        await self._connection.close()

    def _now_us(self) -> int:
        return to_micros(self._clock.now())


def _create_tables(connection: sqlite3.Connection) -> None:
    # not executescript: it would commit the transaction that we are in
    for statement in _SCHEMA.strip().split(";\n"):
        connection.execute(statement)


def _bury_spent(connection: sqlite3.Connection, subscription: Subscription, now_us: int) -> None:
    rows = connection.execute(
        "DELETE FROM deliveries WHERE subscription = ? AND due_us <= ? AND attempts >= ? "
        "RETURNING id, subscription, message_id, data, attributes, published_us, attempts",
        (subscription.name, now_us, subscription.max_attempts),
    ).fetchall()
    connection.executemany("INSERT INTO dead VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def _delivery(row: tuple[Any, ...]) -> Delivery:
    number, subscription, message_id, data, attributes, published_us, attempts = row
    return Delivery(
        number, subscription, message_id, data, json.loads(attributes), published_us, attempts
    )
