"""What a stretch of asking takes: requests, waits, time."""

from dataclasses import dataclass, field

from shared.brokers.engine.client import BrokerClient
from shared.journal.visits.fetched import Cost


@dataclass(slots=True)
class Meter:
    """Counts from when it was made; one client serves several runs."""

    client: BrokerClient
    _begun: Cost = field(init=False)

    def __post_init__(self) -> None:
        """Begin at what the client has done so far."""
        self._begun = self._total()

    def cost(self) -> Cost:
        """Tell what was spent since the beginning."""
        total, begun = self._total(), self._begun
        return Cost(
            total.requests - begun.requests,
            total.waited_s - begun.waited_s,
            total.duration_s - begun.duration_s,
        )

    def _total(self) -> Cost:
        return Cost(self.client.requests, self.client.waited_s, self.client.clock.monotonic())
