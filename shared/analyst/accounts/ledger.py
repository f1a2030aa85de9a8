"""What was asked of models, in the document store: an attempt at a section, a call for vectors."""

import logging
from dataclasses import dataclass
from datetime import date

from shared.domain.errors import AlreadyExists, StoreUnavailable
from shared.domain.ids import content_key
from shared.domain.model_use import EmbeddingUse, ModelUse, Use
from shared.domain.time import to_micros
from shared.ports import Create, Documents, Key, Query
from shared.scanning import every

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where uses are noted and summed from."""

    documents: Documents

    async def note(self, use: Use) -> None:
        """Keep a use; an answer is never lost because its cost could not be written.

        Idempotent: the same use is written once.
        """
        try:
            await self.documents.commit([_created(use)])
        except AlreadyExists:
            return
        except StoreUnavailable:
            _log.warning("ledger.not_written", extra={"provider": use.provider})

    async def of_day(self, day: date) -> list[Use]:
        """List a day's uses (UTC): attempts at sections, then calls for vectors, the oldest first.

        Raises: StoreUnavailable.
        """
        where = {"day": day.isoformat()}
        vectors = Query("embedding_uses", (), where, order_by="at_us")
        return [
            *await self._all(Query("model_uses", (), where, order_by="at_us")),
            *[
                EmbeddingUse.model_validate_json(one.body["body"])
                async for one in every(self.documents, vectors)
            ],
        ]

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


def _created(use: Use) -> Create:
    if isinstance(use, ModelUse):
        experiment = use.arm.partition("/")[0] if use.arm else ""
        return Create(_key(use), _body(use) | {"experiment": experiment})
    return Create(Key("embedding_uses", (use.id,)), _body(use))


def _key(use: ModelUse) -> Key:
    parts = (use.snapshot_hash, str(use.step), use.provider, use.prompt, str(to_micros(use.at)))
    return Key("model_uses", (content_key(*parts),))


def _body(use: Use) -> dict[str, object]:
    return {
        "day": use.at.date().isoformat(),
        "at_us": to_micros(use.at),
        "body": use.model_dump_json(),
    }
