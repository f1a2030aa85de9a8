"""The machine's own time; the only reader of the clock."""

import asyncio
import time
from datetime import UTC, datetime


class SystemClock:
    """Clock of the operating system."""

    def now(self) -> datetime:
        """Tell the time."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Count seconds for durations."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait, letting other tasks run."""
        await asyncio.sleep(seconds)
