"""Everything of a user erased, for good, also against messages that are still under way."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, replace

from shared.domain.collections import OWNED
from shared.domain.ids import ConnectionId, UserId
from shared.domain.time import iso
from shared.journal.connect.connections import Connections
from shared.journal.sync import lease_name
from shared.journal.tombstones import is_deleted_user
from shared.lease import Held, Leases
from shared.ports import Create, Delete, Documents, Key, Query, Update
from shared.retry import compare_and_set
from shared.scanning import every

_LEASE_S = 300.0
_BATCH = 400


@dataclass(frozen=True, slots=True)
class UserErasure:
    """The use case."""

    connections: Connections

    async def erase(self, user_id: UserId) -> int:
        """Write the user's tombstone, then remove all that is below it; return how many documents.

        No sync is under way then, since each connection's lease is held; pages that are find the
        tombstone and are dropped. What somebody had begun to write is found by one more pass.
        Idempotent: an erasure that was cut short is repeated.
        Raises: LeaseHeld while a sync is under way (nothing is removed), StoreUnavailable.
        """
        documents, clock = self.connections.documents, self.connections.clock
        leases = Leases(documents, clock, self.connections.entropy)
        held: list[Held] = []
        try:
            for one in await self.connections.list(user_id):
                name = lease_name(user_id, ConnectionId(one.connection_id))
                held.append(await leases.acquire(name, _LEASE_S))
            await self._entomb(user_id)
            total = 0
            while removed := await remove_owned(documents, user_id):
                total += removed
        finally:
            for lease in held:
                await leases.release(lease)
        return total

    async def _entomb(self, user_id: UserId) -> None:
        documents, clock = self.connections.documents, self.connections.clock
        key = Key("users", (user_id,))

        async def write() -> None:
            (user,) = await documents.get_many([key])
            if is_deleted_user(user):
                return
            gone = {"deleted_at": iso(clock.now())}
            write = Update(key, gone, user.version) if user else Create(key, gone)
            await documents.commit([write])

        await compare_and_set(clock, self.connections.entropy, write)


async def owned_documents(documents: Documents, user_id: UserId) -> AsyncIterator[Key]:
    """Yield the keys of all that a user owns, but for what rows have in their history.

    Raises: StoreUnavailable.
    """
    for collection in OWNED:
        async for found in every(documents, Query(collection.name, (user_id,))):
            yield found.key


async def remove_owned(documents: Documents, user_id: UserId, *, but: Collection[str] = ()) -> int:
    """Remove all that a user owns, but for some collections; return how many documents that was.

    Raises: StoreUnavailable.
    """
    count = 0
    async for row in every(documents, Query("executions", (user_id,))):
        if row.body["version"] > 1:
            count += await remove(documents, Query("history", row.key.path, limit=_BATCH))
    for collection in OWNED:
        if collection.name in but:
            continue
        count += await remove(documents, Query(collection.name, (user_id,), limit=_BATCH))
    return count


async def remove(documents: Documents, query: Query) -> int:
    """Remove what a scan gives, a page at a time; return how many documents that was.

    Raises: StoreUnavailable.
    """
    count = 0
    while True:
        page = await documents.scan(replace(query, cursor=None))
        if not page.documents:
            return count
        await documents.commit([Delete(found.key) for found in page.documents])
        count += len(page.documents)
