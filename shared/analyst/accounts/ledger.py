"""Attempts of models in the document store, one a section and provider, read back by day."""

import logging
from dataclasses import dataclass
from datetime import date

from shared.domain.errors import AlreadyExists, StoreUnavailable
from shared.domain.ids import content_key
from shared.domain.model_use import ModelUse
from shared.domain.time import to_micros
from shared.journal.scanning import every
from shared.ports import Create, Documents, Key, Query

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where attempts are noted and summed from."""

    documents: Documents

    async def note(self, use: ModelUse) -> None:
        """Keep an attempt; an answer is never lost because its cost could not be written.

        Idempotent: the same attempt is written once.
        """
        try:
            await self.documents.commit([Create(_key(use), _body(use))])
        except AlreadyExists:
            return
        except StoreUnavailable:
            _log.warning("ledger.not_written", extra={"step": use.step, "provider": use.provider})

    async def of_day(self, day: date) -> list[ModelUse]:
        """List a day's attempts (UTC), the oldest first.

        Raises: StoreUnavailable.
        """
        return await self._all(Query("model_uses", (), {"day": day.isoformat()}, order_by="at_us"))

    async def of_experiment(self, experiment: str) -> list[ModelUse]:
        """List the attempts that an experiment assigned, the oldest first.

        Raises: StoreUnavailable.
        """
        return await self._all(
            Query("model_uses", (), {"experiment": experiment}, order_by="at_us")
        )

    async def _all(self, query: Query) -> list[ModelUse]:
        found = [one async for one in every(self.documents, query)]
        return [ModelUse.model_validate_json(one.body["body"]) for one in found]


def _key(use: ModelUse) -> Key:
    parts = (use.snapshot_hash, str(use.step), use.provider, use.prompt, str(to_micros(use.at)))
    return Key("model_uses", (content_key(*parts),))


def _body(use: ModelUse) -> dict[str, object]:
    return {
        "day": use.at.date().isoformat(),
        "experiment": use.arm.partition("/")[0] if use.arm else "",
        "at_us": to_micros(use.at),
        "body": use.model_dump_json(),
    }
