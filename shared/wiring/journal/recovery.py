"""Composition root of what an operator does with a whole journal, over either profile's store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from shared.config import Settings, load
from shared.journal.archive.backup import Backup
from shared.journal.archive.restore import Restore
from shared.journal.connect.connections import Connections
from shared.journal.connect.vault import Vault
from shared.journal.integrity.integrity import Integrity
from shared.journal.queries import JournalQueries
from shared.journal.tombstones import Erasure
from shared.journal.upkeep.as_of import AsOf
from shared.journal.upkeep.rebuild import Rebuild
from shared.journal.upkeep.user_erasure import UserErasure
from shared.wiring.foundation import Foundation, open_foundation


@dataclass(frozen=True, slots=True)
class Recovery:
    """The use cases over one store."""

    backup: Backup
    restore: Restore
    rebuild: Rebuild
    erasure: UserErasure
    accounts: Erasure
    queries: JournalQueries
    integrity: Integrity
    as_of: AsOf


def recovery_over(base: Foundation) -> Recovery:
    """Put the use cases together."""
    documents, clock, entropy = base.documents, base.clock, base.entropy
    vault = Vault(base.secrets, entropy)
    return Recovery(
        Backup(documents, clock),
        Restore(documents, clock, entropy),
        Rebuild(documents, clock, entropy),
        UserErasure(Connections(documents, clock, entropy, vault)),
        Erasure(documents, clock, entropy),
        JournalQueries(documents),
        Integrity(documents, clock, entropy),
        AsOf(documents),
    )


@asynccontextmanager
async def open_recovery() -> AsyncIterator[Recovery]:
    """Open the store of the profile that is set, and close it afterwards.

    Raises: ConfigError.
    """
    base = open_foundation(load(Settings))
    try:
        yield recovery_over(base)
    finally:
        await base.close()
