"""The use case: every invariant of everything that a user owns."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from shared.domain.ids import UserId
from shared.journal.integrity.duplicates import duplicate_faults
from shared.journal.integrity.fault import Fault
from shared.journal.integrity.log_checks import log_faults
from shared.journal.integrity.projections import Projections
from shared.journal.integrity.references import reference_faults
from shared.journal.integrity.run_checks import run_faults
from shared.ports import Clock, Documents, Entropy, Query
from shared.scanning import every


@dataclass(frozen=True, slots=True)
class Integrity:
    """Reads all of a user's documents, a page at a time, and writes nothing.

    What is synchronized meanwhile may look broken for a moment: a fault that matters stays.
    """

    documents: Documents
    clock: Clock
    entropy: Entropy

    async def faults(self, user_id: UserId) -> AsyncIterator[Fault]:
        """Yield every broken invariant.

        Raises: StoreUnavailable.
        """
        last_runs = {
            found.key.id: found.body["last_run"]
            async for found in every(self.documents, Query("counters", (user_id,)))
        }
        for check in (log_faults, run_faults):
            async for fault in check(self.documents, user_id, last_runs):
                yield fault
        for of_user in (reference_faults, duplicate_faults):
            async for fault in of_user(self.documents, user_id):
                yield fault
        projections = Projections(self.documents, self.clock, self.entropy)
        async for fault in projections.faults(user_id):
            yield fault
