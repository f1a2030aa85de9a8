"""Projections held against a computation from the log alone."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from shared.domain.ids import AccountKey, UserId
from shared.domain.messages import JournalChanged
from shared.journal.build import BuildJournal
from shared.journal.integrity.fault import Check, Fault
from shared.journal.integrity.overlay import Overlay
from shared.journal.projection.documents import gate_key
from shared.ports import Body, Clock, Documents, Entropy, Key, Query
from shared.scanning import every

# What a build keeps for its own sake depends on how it came about, and shows nothing to anybody.
_INTERNAL = ("log_version", "segments", "basis", "digest")
_SHOWN = ("positions", "round_trips", "daily", "checkpoints")


@dataclass(frozen=True, slots=True)
class Projections:
    """The check; it holds one user's computed projections in memory."""

    documents: Documents
    clock: Clock
    entropy: Entropy

    async def faults(self, user_id: UserId) -> AsyncIterator[Fault]:
        """Yield what is not as a rebuild would have it.

        Raises: StoreUnavailable.
        """
        overlay = Overlay(self.documents)
        builder = BuildJournal(overlay, self.clock, self.entropy)
        for account_key, root in await self._roots(user_id):
            changed = JournalChanged(
                user_id=user_id,
                account_key=account_key,
                roots=(root,),
                changed_from=self.clock.now(),
            )
            try:
                await builder.build(changed)
            except ValidationError:
                place = gate_key(user_id, account_key, root)
                yield Fault(Check.PROJECTIONS, place, "its log has a row that cannot be read")
        for collection in _SHOWN:
            wanted = {
                key: found.body
                for key, found in overlay.own.items()
                if key.collection == collection
            }
            async for found in every(self.documents, Query(collection, (user_id,))):
                for fault in _compare(found.key, found.body, wanted.pop(found.key, None)):
                    yield fault
            for key in wanted:
                yield Fault(Check.PROJECTIONS, key, "is not there, a rebuild would write it")

    async def _roots(self, user_id: UserId) -> list[tuple[AccountKey, str]]:
        return sorted(
            {
                (AccountKey(row.body["account_key"]), row.body["root"])
                for collection in ("executions", "opening_lots")
                async for row in every(self.documents, Query(collection, (user_id,)))
            }
        )


def _compare(key: Key, shown: Body, wanted: Body | None) -> Iterator[Fault]:
    if wanted is None:
        if key.collection != "positions" or shown["holdings"]:
            yield Fault(Check.PROJECTIONS, key, "a rebuild would not write it")
        return
    differing = sorted(
        name
        for name in {*shown, *wanted} - {*_INTERNAL}
        if _plain(shown.get(name)) != _plain(wanted.get(name))
    )
    if differing:
        yield Fault(Check.PROJECTIONS, key, f"a rebuild gives another {', '.join(differing)}")


def _plain(value: object) -> object:
    """Take lists and tuples for the same: a store gives lists back."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
