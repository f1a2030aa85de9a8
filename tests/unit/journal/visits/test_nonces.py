from dataclasses import replace
from datetime import timedelta

import pytest

from shared.brokers.alpaca.spec import SPEC
from shared.domain.ids import UserId
from shared.domain.sync.connection import Connection
from shared.journal.connect.connections import Connections
from shared.journal.connect.vault import Vault
from shared.journal.visits.nonces import Nonces
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.memory_secrets import MemorySecrets
from tests.twins.seeded_entropy import SeededEntropy


@pytest.fixture
def connections() -> Connections:
    entropy = SeededEntropy()
    vault = Vault(MemorySecrets(), entropy)
    return Connections(MemoryDocuments(), ManualClock(), entropy, vault)


@pytest.fixture
async def connection(connections: Connections) -> Connection:
    login = {"key_id": "k", "secret_key": "s"}
    return await connections.create(UserId("u"), SPEC, "paper", "mine", "api_key", login)


async def test_nonces_grow_within_one_instant(
    connections: Connections, connection: Connection
) -> None:
    nonces = Nonces(connections, connection)
    found = [await nonces.next() for _ in range(3)]
    assert found == sorted(set(found))


async def test_nonces_grow_over_workers_and_a_clock_that_jumps_back(
    connections: Connections, connection: Connection
) -> None:
    before = await Nonces(connections, connection).next()
    earlier = ManualClock(connections.clock.now() - timedelta(hours=1))
    assert await Nonces(replace(connections, clock=earlier), connection).next() > before


async def test_two_workers_at_once_never_share_a_nonce(
    connections: Connections, connection: Connection
) -> None:
    one, other = Nonces(connections, connection), Nonces(connections, connection)
    found = [await nonces.next() for nonces in (one, other, one, other)]
    assert len(set(found)) == 4
