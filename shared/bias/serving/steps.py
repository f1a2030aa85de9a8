"""Sections as they are finished, for whoever watches an answer being written."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from shared.analyst.analyst import Analyst
from shared.analyst.deadline import Deadline
from shared.domain.bias import Forecast, Section, Snapshot, Step
from shared.ports import Cache, Clock

_KEPT_S = 120.0  # longer than a flight
_POLL_S = 0.1
_QUIET_S = 15.0  # some of what stands before a reader shuts a connection after half a minute


class FinishedSteps:
    """What is finished of a flight, in the cache: with Redis, other instances see it too."""

    def __init__(self, cache: Cache, clock: Clock) -> None:
        self._cache = cache
        self._clock = clock

    @asynccontextmanager
    async def told_by(self, analyst: Analyst, flight: str) -> AsyncIterator[Analyst]:
        """Give an analyst whose sections are told; of a flight that fails nothing stays told."""
        telling = _Telling(analyst, flight, self._cache)
        await telling.tell()  # an instance that died left what it had finished
        try:
            yield telling
        except BaseException:
            await telling.take_back()
            raise

    async def follow(
        self, flight: str, has_landed: Callable[[], bool]
    ) -> AsyncIterator[Section | None]:
        """Give each section of a flight as it is finished, until the flight has landed.

        Shape: None after each fifteen seconds in which nothing was finished. A section comes once;
        a step comes again where a flight that began anew has written it otherwise.
        """
        told, told_at = set[str](), self._clock.monotonic()
        while True:
            landed = has_landed()
            finished: list[str] = json.loads(await self._cache.get(_name(flight)) or b"[]")
            for text in finished:
                if text not in told:
                    told.add(text)
                    yield Section.model_validate_json(text)
                    told_at = self._clock.monotonic()
            if landed:
                return
            if self._clock.monotonic() - told_at >= _QUIET_S:
                yield None
                told_at = self._clock.monotonic()
            await self._clock.sleep(_POLL_S)


@dataclass(slots=True)
class _Telling:
    """An analyst that tells what it has finished."""

    analyst: Analyst
    flight: str
    cache: Cache
    _told: list[str] = field(default_factory=list)
    _is_over: bool = False
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def name(self) -> str:
        return self.analyst.name

    async def section(
        self,
        step: Step,
        snapshot: Snapshot,
        forecast: Forecast,
        earlier: Sequence[Section],
        *,
        deadline: Deadline,
    ) -> Section:
        section = await self.analyst.section(step, snapshot, forecast, earlier, deadline=deadline)
        if not self._is_over:  # a step that outlives its failed flight belongs to no answer
            self._told.append(section.model_dump_json())
            await self.tell()
        return section

    async def tell(self) -> None:
        async with self._lock:  # a shorter list must not come after a longer one
            finished = json.dumps(self._told).encode()
            await self.cache.put(_name(self.flight), finished, _KEPT_S)

    async def take_back(self) -> None:
        self._is_over = True
        self._told.clear()
        await self.tell()


def _name(flight: str) -> str:
    return f"steps-{flight}"
