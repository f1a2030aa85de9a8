"""The read side of service levels: what the page and the API show to anybody."""

from dataclasses import dataclass
from datetime import timedelta

from shared.domain.sync.service_level import ServiceLevel
from shared.ports import Clock, Documents, Query
from shared.scanning import every


@dataclass(frozen=True, slots=True)
class ServiceLevelQueries:
    """Reads what the sweep wrote."""

    documents: Documents
    clock: Clock

    async def recent(self, days: int) -> list[ServiceLevel]:
        """List every broker's last days, today included, newest first.

        Raises: StoreUnavailable.
        """
        first = self.clock.now().date() - timedelta(days=days - 1)
        query = Query(
            "service_levels", (), order_by="day", at_least=first.isoformat(), descending=True
        )
        return [
            ServiceLevel.model_validate(found.body["level"])
            async for found in every(self.documents, query)
        ]
