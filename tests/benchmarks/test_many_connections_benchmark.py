"""1,000 connections due at one tick: throughput, and the longest that any one of them waits."""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from infra.local.gateway import Gateway
from infra.simulators.brokers.alpaca.world import AlpacaWorld
from infra.simulators.brokers.transport import SimulatorTransport
from shared.brokers.alpaca.spec import SPEC
from shared.domain.ids import UserId, account_key
from shared.domain.time import to_micros
from shared.journal.connect.connections import Connections
from shared.journal.connect.vault import Vault
from shared.ports import Key

pytestmark = pytest.mark.benchmark

CONNECTIONS = 1_000
FILLS_EACH = 3


def script(world: AlpacaWorld, now: datetime) -> None:
    for n in range(CONNECTIONS):
        account = world.add_account(
            account_id=f"a-{n}", number=f"PA{n}", key=f"K{n}", secret="s", opened_at=now
        )
        parts = [(Decimal(1), Decimal(100), now - timedelta(days=d)) for d in range(FILLS_EACH)]
        world.order(account, "SPY", "buy", parts)


async def connect(gateway: Gateway) -> None:
    base = gateway.foundation
    vault = Vault(base.secrets, base.entropy)
    connections = Connections(base.documents, base.clock, base.entropy, vault)
    for n in range(CONNECTIONS):
        user, login = UserId(f"user-{n}"), {"key_id": f"K{n}", "secret_key": "s"}
        await connections.create(user, SPEC, "paper", "one", "api_key", login)


async def closed_at_us(gateway: Gateway, n: int) -> int:
    key = account_key(SPEC.name, "paper", f"a-{n}")
    run = Key("runs", (f"user-{n}", f"{key}-{1:012d}"))
    (found,) = await gateway.foundation.documents.get_many([run])
    assert found is not None
    assert found.body["new"] == FILLS_EACH
    closed: int = found.body["closed_us"]
    return closed


async def test_a_thousand_connections_due_at_once(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    world = AlpacaWorld(lambda: datetime.now(UTC))
    script(world, now)
    async with Gateway(tmp_path, transport=SimulatorTransport(world.handle)) as gateway:
        await connect(gateway)
        ticked_us, began = to_micros(datetime.now(UTC)), time.perf_counter()
        report = await gateway.tick(SPEC.name)
        tick_s = time.perf_counter() - began
        await gateway.drain()
        total_s = time.perf_counter() - began
        waits = [await closed_at_us(gateway, n) - ticked_us for n in range(CONNECTIONS)]
    print(  # noqa: T201 - the benchmark's result
        f"\n{report['published']} connections due: tick {tick_s:.2f} s; all synced, stored, built "
        f"in {total_s:.1f} s ({CONNECTIONS / total_s:.0f}/s, one process, one broker at no "
        f"latency); longest wait {max(waits) / 1e6:.1f} s"
    )
    assert report["published"] == CONNECTIONS
