"""Until when an answer must be whole: one instant, which every wait on the way there shares."""

from dataclasses import dataclass

from shared.ports import Clock


@dataclass(frozen=True, slots=True)
class Deadline:
    """An instant of a clock's monotonic scale."""

    clock: Clock
    at_s: float

    @classmethod
    def within(cls, clock: Clock, seconds: float) -> "Deadline":
        """Make the one that lies so many seconds ahead."""
        return cls(clock, clock.monotonic() + seconds)

    @property
    def left_s(self) -> float:
        """How many seconds are left, never below zero."""
        return max(0.0, self.at_s - self.clock.monotonic())

    def share(self, others: int) -> "Deadline":
        """Make the one that leaves as much time to each of the others who come after."""
        return Deadline.within(self.clock, self.left_s / (others + 1))
