"""Projections thrown away and computed again from the log alone."""

from dataclasses import dataclass

from shared.domain.collections import OWNED
from shared.domain.collections.model import Backup
from shared.domain.ids import AccountKey, UserId
from shared.domain.messages import JournalChanged
from shared.journal.build import BuildJournal, BuildReport
from shared.journal.upkeep.user_erasure import remove
from shared.ports import Clock, Documents, Entropy, Query
from shared.scanning import every

_BATCH = 400


@dataclass(frozen=True, slots=True)
class Rebuild:
    """The use case; a sync that goes on meanwhile is in the result, or is built behind it."""

    documents: Documents
    clock: Clock
    entropy: Entropy

    async def rebuild(self, user_id: UserId) -> BuildReport:
        """Remove a user's projections and build them from the log.

        Idempotent: the same log gives the same bytes.
        Raises: StoreUnavailable.
        """
        await self._forget(user_id)
        builder = BuildJournal(self.documents, self.clock, self.entropy)
        total = BuildReport()
        for account_key, roots in (await self._roots(user_id)).items():
            for root in sorted(roots):
                message = JournalChanged(
                    user_id=user_id,
                    account_key=account_key,
                    roots=(root,),
                    changed_from=self.clock.now(),
                )
                done = await builder.build(message)
                total = BuildReport(
                    total.roots + done.roots,
                    total.rebuilt + done.rebuilt,
                    total.writes + done.writes,
                )
        return total

    async def _forget(self, user_id: UserId) -> None:
        for collection in OWNED:
            if collection.backup is Backup.REBUILT:
                query = Query(collection.name, (user_id,), limit=_BATCH)
                await remove(self.documents, query)

    async def _roots(self, user_id: UserId) -> dict[AccountKey, set[str]]:
        roots: dict[AccountKey, set[str]] = {}
        for collection in ("executions", "opening_lots"):
            async for row in every(self.documents, Query(collection, (user_id,))):
                account_key = AccountKey(row.body["account_key"])
                roots.setdefault(account_key, set()).add(row.body["root"])
        return roots
