"""The newest links of the chain, read once each: a link never changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.domain.errors import StoreUnavailable
from shared.forecast.chain import Link, read_link
from shared.ports import Clock, ForecastChain

_TAIL = timedelta(days=10)  # how far back a link may speak of a session that is still looked at
_AT_ONCE = 50  # links read in one go


@dataclass(frozen=True, slots=True)
class Commitment:
    """Where the chain has a forecast: the record's hash, the link, when the keeper received it."""

    record: str
    link: int
    created_at: datetime


# By instrument and session.
Commitments = Mapping[tuple[str, date], Commitment]


class RecentLinks:
    """Reads the end of a chain."""

    def __init__(self, chain: ForecastChain, clock: Clock) -> None:
        self._chain = chain
        self._clock = clock
        self._known: dict[int, tuple[Link, datetime]] = {}

    async def read(self) -> Sequence[Link]:
        """Return the links of the last days, oldest first.

        Raises: StoreUnavailable, ContractBroken when one is not what was written.
        """
        return [link for link, _ in await self._read()]

    async def commitments(self) -> Commitments:
        """Return what the links of the last days commit.

        Raises: as `read`.
        """
        return {
            (record.instrument, record.session): Commitment(record.record, link.number, created_at)
            for link, created_at in await self._read()
            for record in link.records
        }

    async def _read(self) -> list[tuple[Link, datetime]]:
        newest = await self._chain.newest()
        horizon = self._clock.now() - _TAIL
        first = newest + 1
        while first > 1 and (first > newest or self._known[first][0].sealed_at > horizon):
            first = max(1, first - _AT_ONCE)
            await self._learn(first, newest)
        return [self._known[number] for number in range(first, newest + 1)]

    async def _learn(self, first: int, newest: int) -> None:
        missing = [n for n in range(first, newest + 1) if n not in self._known]
        if not missing:
            return
        for kept in await self._chain.read(missing[0]):
            if kept.number not in self._known:
                self._known[kept.number] = (read_link(kept.content), kept.created_at)
        if lost := [n for n in missing if n not in self._known]:
            raise StoreUnavailable(f"link {lost[0]} of the chain is missing")
