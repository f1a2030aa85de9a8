"""When to synchronize and when to come back: decisions alone, in seconds on one monotonic scale."""

from dataclasses import dataclass, replace

POLL_S = 15 * 60.0  # without any news, as the scheduler of the cloud does
_QUIET_S = 2.0  # a burst has ended when nothing was heard for so long
_LONGEST_S = 10.0  # what never ends is read all the same
_REST_S = 5.0  # between two syncs, whatever is heard
_STEADY_S = 60.0  # a stream that lived so long makes good for those that broke before
_FIRST_RETRY_S, _LONGEST_RETRY_S = 1.0, 60.0


@dataclass(frozen=True, slots=True)
class Pace:
    """When a connection is synchronized next.

    Shape: `first_s` and `last_s` bound the burst of news that no sync has read yet.
    """

    ended_s: float
    first_s: float | None = None
    last_s: float | None = None

    @classmethod
    def beginning(cls, now_s: float) -> "Pace":
        """Begin as if news had come: one sync reads also what is told while streams open."""
        return cls(now_s - _REST_S).heard(now_s)

    def heard(self, at_s: float) -> "Pace":
        """Note news."""
        return replace(self, first_s=at_s if self.first_s is None else self.first_s, last_s=at_s)

    def begun(self) -> "Pace":
        """Note that a sync has begun: it reads what was heard before, and no more for sure."""
        return replace(self, first_s=None, last_s=None)

    def ended(self, at_s: float) -> "Pace":
        """Note that the sync has ended, or when the broker will hear us again.

        What was heard meanwhile waits for the next.
        """
        return replace(self, ended_s=at_s)

    @property
    def due_s(self) -> float:
        """When to synchronize next."""
        poll_s = self.ended_s + POLL_S
        if self.first_s is None or self.last_s is None:
            return poll_s
        burst_s = min(self.last_s + _QUIET_S, self.first_s + _LONGEST_S)
        return min(max(burst_s, self.ended_s + _REST_S), poll_s)


@dataclass(frozen=True, slots=True)
class Retry:
    """How long a stream that broke is left alone, at most; jitter makes less of it."""

    failures: int = 0

    def broke(self, lived_s: float) -> "Retry":
        """Note that a stream broke after it had lived for so long."""
        return Retry(1 if lived_s >= _STEADY_S else self.failures + 1)

    @property
    def longest_s(self) -> float:
        """The longest wait before the next try; it doubles with each failure."""
        return float(min(_FIRST_RETRY_S * 2 ** min(self.failures - 1, 10), _LONGEST_RETRY_S))
