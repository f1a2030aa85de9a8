"""Adapters of data providers that ask simulated worlds in process."""

import httpx

from infra.simulators.brokers.transport import SimulatorTransport
from shared.market.providers.asking import Asker
from tests.twins.manual_clock import ManualClock
from tests.twins.seeded_entropy import SeededEntropy


def asker(world, clock: ManualClock, *, pace_s: float = 0.0) -> Asker:
    """Ask a world as a provider is asked, without sockets."""
    client = httpx.AsyncClient(transport=SimulatorTransport(world.handle))
    return Asker("the provider", client, clock, SeededEntropy(1), pace_s)
