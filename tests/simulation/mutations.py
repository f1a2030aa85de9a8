"""The product with one protection taken away, for seeds to find out."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from shared.brokers.spec import BrokerSpec
from shared.domain.ids import RowKey
from shared.domain.messages import ExecutionsObserved
from shared.journal.store import Receipt, StoreExecutions
from shared.ports import Create, Document, Documents, Key, MessageBus, Outgoing, Page, Query, Write
from tests.simulation.engine_simulation import Ports, Without


class Passing:
    """Documents that hand everything on; mutations override one thing."""

    def __init__(self, inner: Documents) -> None:
        self.inner = inner

    async def get_many(self, keys: Sequence[Key]) -> list[Document | None]:
        return await self.inner.get_many(keys)

    async def commit(self, writes: Sequence[Write]) -> None:
        await self.inner.commit(writes)

    async def scan(self, query: Query) -> Page:
        return await self.inner.scan(query)

    async def close(self) -> None:
        await self.inner.close()


class LateBus:
    """A bus that keeps pages back until a cursor has moved."""

    def __init__(self, inner: MessageBus) -> None:
        self._inner = inner
        self.kept: list[Outgoing] = []

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        pages = [m for m in messages if m.topic == ExecutionsObserved.topic]
        self.kept += pages
        await self._inner.publish([m for m in messages if m not in pages])

    async def give(self) -> None:
        kept, self.kept = self.kept, []
        await self._inner.publish(kept)

    async def close(self) -> None:
        await self._inner.close()


class MovesTheCursorFirst(Passing):
    """The other half of LateBus."""

    def __init__(self, inner: Documents, bus: LateBus) -> None:
        super().__init__(inner)
        self._bus = bus

    async def commit(self, writes: Sequence[Write]) -> None:
        await self.inner.commit(writes)
        if any(w.key.collection == "accounts" for w in writes):
            await self._bus.give()


def late(documents: Documents, bus: MessageBus) -> Ports:
    late_bus = LateBus(bus)
    return MovesTheCursorFirst(documents, late_bus), late_bus


_NO_COUNTS = dict.fromkeys(("new", "same", "revised", "superseded", "quarantined"), 0)


class TrustsInReceipts(Passing):
    """Sync takes every page for stored."""

    async def get_many(self, keys: Sequence[Key]) -> list[Document | None]:
        return [
            Document(key, _NO_COUNTS, "0") if d is None and key.collection == "receipts" else d
            for key, d in zip(keys, await self.inner.get_many(keys), strict=True)
        ]


class ForgetsFields(Passing):
    """Documents of one collection come back with other fields."""

    collection: str
    fields: dict[str, object]

    async def get_many(self, keys: Sequence[Key]) -> list[Document | None]:
        return [
            Document(d.key, {**d.body, **self.fields}, d.version)
            if d is not None and d.key.collection == self.collection
            else d
            for d in await self.inner.get_many(keys)
        ]


class OwnLeases(Passing):
    """Every worker has a lease of its own, so that it keeps nobody out."""

    async def get_many(self, keys: Sequence[Key]) -> list[Document | None]:
        return await self.inner.get_many([_own(key) for key in keys])

    async def commit(self, writes: Sequence[Write]) -> None:
        await self.inner.commit(
            [replace(w, key=_own(w.key)) if isinstance(w, Create) else w for w in writes]
        )


def _own(key: Key) -> Key:
    task = asyncio.current_task()
    if key.collection != "leases" or task is None:
        return key
    return Key("leases", (f"{key.id} {task.get_name()}",))


class ForgetsFences(ForgetsFields):
    """Nobody knows that a later worker has renewed a login."""

    collection, fields = "connections", {"fence": 0}


class ForgetsTombstones(ForgetsFields):
    """An erased account looks like any other."""

    collection, fields = "accounts", {"deleted_through_run": 0}


class ForgetsNumbers(ForgetsFields):
    """Whatever comes last looks newest."""

    collection, fields = "executions", {"observation": "000000000000"}

    async def commit(self, writes: Sequence[Write]) -> None:
        await self.inner.commit([one for one in writes if one.key.collection != "history"])


class ForgetsKeys(StoreExecutions):
    """Rows are known by where they were seen, not by their content."""

    async def store(self, message: ExecutionsObserved) -> Receipt:
        rows = [replace(row, key=RowKey(f"{row.key}{message.run}")) for row in message.rows]
        return await super().store(message.model_copy(update={"rows": tuple(rows)}))


def _no_overlap(spec: BrokerSpec) -> BrokerSpec:
    return replace(spec, overlap=timedelta())


MUTATIONS = {
    "publish before cursor": Without(sync=late),
    "receipt": Without(sync=lambda documents, bus: (TrustsInReceipts(documents), bus)),
    "lease": Without(sync=lambda documents, bus: (OwnLeases(documents), bus)),
    "fencing": Without(sync=lambda documents, bus: (ForgetsFences(documents), bus)),
    "observation number": Without(store=ForgetsNumbers),
    "dedup key": Without(make_store=ForgetsKeys),
    "overlap": Without(spec=_no_overlap),
    "tombstone": Without(store=ForgetsTombstones),
}
