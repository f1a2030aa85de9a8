"""A clock that stands still until it is moved, for replays of the past."""

import asyncio
import time
from datetime import datetime, timedelta

from shared.domain.time import as_utc


class ReplayClock:
    """Tells a declared instant; sleeping moves it, so that nothing waits for a day that is over."""

    def __init__(self, start: datetime) -> None:
        self._start = self._now = as_utc(start)

    def now(self) -> datetime:
        """Tell the replayed instant."""
        return self._now

    def monotonic(self) -> float:
        """Count replayed seconds and real ones: what is measured between two moves is real."""
        return (self._now - self._start).total_seconds() + time.perf_counter()

    async def sleep(self, seconds: float) -> None:
        """Let the replayed time pass at once."""
        self._now += timedelta(seconds=max(seconds, 0.0))
        await asyncio.sleep(0)

    def move_to(self, instant: datetime) -> None:
        """Go to a later instant.

        Raises: ValueError when it lies in the past: a replay never runs backwards.
        """
        if as_utc(instant) < self._now:
            raise ValueError(f"the replay stands at {self._now}, {instant} is before it")
        self._now = as_utc(instant)
