"""Composition root of the command line: the consumers in this process, over the local files."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.applications import Starlette

from shared.config import BiasSettings, Settings, SyncSettings, load
from shared.domain.errors import ConfigError
from shared.journal.connections import Connections
from shared.journal.queries import JournalQueries
from shared.journal.reconcile import Reconcile
from shared.journal.tick import TickReport, tick
from shared.journal.vault import Vault
from shared.wiring.analysts import Analysts, open_analysts
from shared.wiring.bias import bias_service
from shared.wiring.brokers import SPECS
from shared.wiring.build import build_build
from shared.wiring.local import Drained, Stack, open_stack
from shared.wiring.market import market_refresh
from shared.wiring.store import build_store
from shared.wiring.sync import build_sync


@dataclass(frozen=True, slots=True)
class Synced:
    """What one sync did: the tick's report and what the bus delivered."""

    tick: TickReport
    drained: Drained


class Desk:
    """The use cases that a person on their own machine needs."""

    def __init__(self, stack: Stack, apps: dict[str, Starlette], analysts: Analysts) -> None:
        base = stack.foundation
        self._stack = stack
        self._apps = apps
        vault = Vault(base.secrets, base.entropy)
        self.connections = Connections(base.documents, base.clock, base.entropy, vault)
        self.queries = JournalQueries(base.documents)
        self.reconcile = Reconcile(base.documents, base.clock, base.entropy)
        settings = load(BiasSettings)
        self.biases = bias_service(settings, base, analysts)
        self.market = market_refresh(settings, base)

    async def sync(self, broker: str) -> Synced:
        """Fetch what is due, store it and rebuild what it changed."""
        base = self._stack.foundation
        report = await tick(base.documents, base.bus, base.clock, broker=broker)
        return Synced(report, await self._stack.drain(self._push))

    async def _push(self, endpoint: str, body: dict[str, Any]) -> int:
        transport = httpx.ASGITransport(self._apps[endpoint])
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return (await client.post("/", json=body)).status_code


@asynccontextmanager
async def open_desk() -> AsyncIterator[Desk]:
    """Open the local files and close them afterwards.

    Raises: ConfigError, also in the cloud profile: a desk is a person's own machine.
    """
    settings = load(Settings)
    if settings.profile != "local":
        raise ConfigError(["the command line works on local files: set DAYBIAS_PROFILE=local"])
    stack = open_stack(settings)
    base = stack.foundation
    apps = {
        "/functions/store_executions": build_store(settings=settings, foundation=base),
        "/functions/build_journal": build_build(settings=settings, foundation=base),
    }
    transport = httpx.AsyncHTTPTransport()
    for spec in SPECS.values():
        apps[f"/functions/sync_{spec.name}"] = build_sync(
            spec, settings=load(SyncSettings), foundation=base, transport=transport
        )
    analysts = await open_analysts(load(BiasSettings), base)
    try:
        yield Desk(stack, apps, analysts)
    finally:
        await analysts.close()
        await transport.aclose()
        await base.close()
