"""Composition root of the command line: the consumers in this process, over the local files."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.applications import Starlette

from shared.config import BiasSettings, Settings, SyncSettings, load
from shared.domain.errors import ConfigError, DaybiasError, InvalidInput
from shared.domain.sync.connection import Connection
from shared.journal.annotations.store import Annotations
from shared.journal.connect.connections import Connections
from shared.journal.connect.consent import Consents
from shared.journal.connect.lifecycle import Lifecycle
from shared.journal.connect.vault import Vault
from shared.journal.exports import Export
from shared.journal.imports.importing import ImportExecutions
from shared.journal.imports.report_file import ImportReportFile
from shared.journal.queries import JournalQueries
from shared.journal.reconcile import Reconcile
from shared.journal.reconciliation.stated import StatedLots
from shared.journal.sync import SyncConnection
from shared.journal.tick import TickReport, tick
from shared.journal.upkeep.cost_method import CostMethods
from shared.journal.upkeep.rehearsal import Rehearsal, rehearse
from shared.journal.upkeep.replay import Replay
from shared.journal.upkeep.resync import Resync
from shared.wiring.brokers import SPECS
from shared.wiring.chain import open_chain
from shared.wiring.feeds import Feeds, open_feeds
from shared.wiring.foundation import Foundation
from shared.wiring.journal.performance import performances_over
from shared.wiring.local import Drained, Stack, open_stack
from shared.wiring.models.analysts import Analysts, open_analysts
from shared.wiring.models.audit import model_calls
from shared.wiring.models.guards import Guards
from shared.wiring.retrieval.ingestion import open_ingestion
from shared.wiring.retrieval.local import open_here
from shared.wiring.retrieval.opening import Retrieval
from shared.wiring.roots.bias import bias_service
from shared.wiring.roots.build import build_build
from shared.wiring.roots.market import market_refresh
from shared.wiring.roots.store import build_store
from shared.wiring.roots.sync import build_sync, sync_use_case
from shared.wiring.scorer import scorecards
from shared.wiring.transport import http_transport


@dataclass(frozen=True, slots=True)
class Synced:
    """What one sync did: the tick's report and what the bus delivered."""

    tick: TickReport
    drained: Drained


class Desk:
    """The use cases that a person on their own machine needs."""

    def __init__(
        self,
        stack: Stack,
        apps: dict[str, Starlette],
        analysts: Analysts,
        engines: dict[str, SyncConnection],
        feeds: Feeds,
        *,
        retrieval: Retrieval | None,
    ) -> None:
        base = stack.foundation
        self._stack = stack
        self.foundation = base
        self._apps = apps
        self._engines = engines
        self.documents = base.documents
        vault = Vault(base.secrets, base.entropy)
        self.connections = Connections(base.documents, base.clock, base.entropy, vault)
        self.lifecycle = Lifecycle(self.connections)
        self.queries = JournalQueries(base.documents)
        self.annotations = Annotations(base.documents, base.bus, base.clock, base.entropy)
        self.exports = Export(base.documents)
        self.performances = performances_over(base)
        ports = base.documents, base.bus, base.clock, base.entropy
        self.imports = ImportExecutions(*ports)
        self.reports = ImportReportFile(*ports, SPECS)
        self.replay = Replay(base.documents, base.bus, base.clock, base.entropy, SPECS)
        self.resync = Resync(base.documents, self.syncing)
        self.reconcile = Reconcile(base.documents, base.clock, base.entropy)
        self.lots = StatedLots(*ports)
        self.cost_methods = CostMethods(*ports)
        settings = load(BiasSettings)
        self.model_calls = model_calls(settings, base)
        self.scorecards = scorecards(base)
        self.chain = open_chain(settings, base.clock)
        self.biases = bias_service(settings, base, analysts, retrieval)
        self.ingestion = open_ingestion(retrieval, settings, base)
        self.market = market_refresh(feeds, base, settings, self.ingestion)

    async def sync(self, broker: str) -> Synced:
        """Fetch what is due, store it and rebuild what it changed."""
        base = self.foundation
        schedule = SPECS[broker].schedule
        report = await tick(base.documents, base.bus, base.clock, broker=broker, schedule=schedule)
        return Synced(report, await self.settle())

    async def settle(self) -> Drained:
        """Store what was published and rebuild what it changed, until nothing waits."""
        return await self._stack.drain(self._push)

    async def serve(self) -> None:
        """Store and rebuild whatever is published, until cancelled."""
        await self._stack.serve(self._push)

    def consents(self) -> Consents:
        """Give what begins and finishes consents; it asks brokers as their engines do."""
        engine = next(iter(self._engines.values()))
        secrets = self.foundation.secrets
        return Consents(self.connections, secrets, SPECS, engine.transport, engine.hosts)

    def syncing(self, broker: str) -> SyncConnection:
        """Give the engine of a broker.

        Raises: InvalidInput for a broker that is not known any more.
        """
        if broker not in self._engines:
            raise InvalidInput(f"no broker {broker!r} is known", expected=sorted(self._engines))
        return self._engines[broker]

    async def rehearse(self, connection: Connection) -> Rehearsal:
        """Fetch and compare what a sync would bring; a reason stands for what prevents it."""
        try:
            return await rehearse(self.syncing(connection.broker), connection)
        except DaybiasError as error:  # of this connection; the others are asked all the same
            return Rehearsal(connection.label, (), str(error))

    async def _push(self, endpoint: str, body: dict[str, Any]) -> int:
        transport = httpx.ASGITransport(self._apps[endpoint])
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return (await client.post("/", json=body)).status_code


async def _retrieval(settings: BiasSettings, base: Foundation, guards: Guards) -> Retrieval | None:
    if not settings.local_retrieval and not settings.qdrant_url:
        return None
    return await open_here(settings, base, guards)


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
    transport, engines = http_transport(), dict[str, SyncConnection]()
    sync_settings = load(SyncSettings)
    for spec in SPECS.values():
        apps[f"/functions/sync_{spec.name}"] = build_sync(
            spec, settings=sync_settings, foundation=base, transport=transport
        )
        engines[spec.name] = sync_use_case(spec, sync_settings, base, transport)
    bias_settings = load(BiasSettings)
    analysts = await open_analysts(bias_settings, base)
    feeds = await open_feeds(bias_settings, base)
    retrieval = await _retrieval(bias_settings, base, analysts.guards)
    desk = Desk(stack, apps, analysts, engines, feeds, retrieval=retrieval)
    try:
        yield desk
    finally:
        await desk.biases.close()
        if retrieval is not None:
            await retrieval.close()
        await feeds.close()
        await analysts.close()
        await transport.aclose()
        await base.close()
