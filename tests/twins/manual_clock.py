"""A clock that moves only when it is told to, or when somebody waits on it."""

import asyncio
from datetime import UTC, datetime, timedelta

START = datetime(2020, 5, 29, 12, 15, tzinfo=UTC)


class ManualClock:
    """Stands at `start` until advanced; `slept` lists what was waited for, in seconds."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed = timedelta()
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._start + self._elapsed

    def monotonic(self) -> float:
        return self._elapsed.total_seconds()

    def advance(self, by: float | timedelta) -> None:
        """Move on by seconds or by a timedelta."""
        step = by if isinstance(by, timedelta) else timedelta(seconds=by)
        if step < timedelta():
            raise ValueError(f"a clock goes forward: {by!r}")
        self._elapsed += step

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(max(0.0, seconds))
        await asyncio.sleep(0)
