"""Composition root of api."""

from collections.abc import Callable, Sequence

import httpx
from fastapi import APIRouter
from starlette.applications import Starlette

from shared.bias.ratings import Ratings
from shared.brokers.spec import BrokerAccount
from shared.config import BrokerSettings, load
from shared.domain.errors import InvalidInput
from shared.domain.sync.connection import Connection
from shared.http.accounts.books import Books, books_router
from shared.http.accounts.erasure import erasure_router
from shared.http.accounts.reconciliation import reconciliation_router
from shared.http.bias.ratings import ratings_router
from shared.http.connections.routes import ConnectionDesk, connections_router
from shared.http.connections.upkeep import UpkeepDesk, upkeep_router
from shared.http.delegate import Delegate
from shared.http.identity import Identify, identify_local, identify_nobody
from shared.http.journal.annotations import annotations_router
from shared.http.journal.app import api_app
from shared.http.journal.exchange import exchange_router
from shared.http.journal.performance import performance_router
from shared.http.public.service_levels import service_levels_router
from shared.journal.annotations.store import Annotations
from shared.journal.connect.connections import Connections
from shared.journal.connect.consent import Consents
from shared.journal.connect.vault import Vault
from shared.journal.exports import Export
from shared.journal.imports.importing import ImportExecutions
from shared.journal.queries import JournalQueries
from shared.journal.reconcile import Reconcile
from shared.journal.reconciliation.stated import StatedLots
from shared.journal.service_levels.queries import ServiceLevelQueries
from shared.journal.sync import SyncConnection
from shared.journal.tombstones import Erasure
from shared.journal.upkeep.cost_method import CostMethods
from shared.journal.upkeep.replay import Replay
from shared.journal.upkeep.resync import Resync
from shared.wiring.brokers import SPECS
from shared.wiring.foundation import Foundation, shut_doors, stand_on
from shared.wiring.journal.performance import performances_over, queries_over
from shared.wiring.journal.recovery import recovery_over
from shared.wiring.transport import handed_in_or_http

_TEST_S = 30.0  # the user waits for it


def api_function() -> Delegate:
    """Make the function that serves the journal."""
    return Delegate(build_api)


def build_api(
    *,
    settings: BrokerSettings | None = None,
    foundation: Foundation | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Starlette:
    """Put the app together; `transport` stands for the brokers (a simulator in tests and the demo).

    Raises: ConfigError.
    """
    settings = settings or load(BrokerSettings)
    base, lifespan = stand_on(settings, foundation)
    transport, lifespan = handed_in_or_http(transport, lifespan)
    is_local = settings.profile == "local"
    identify = identify_local if is_local else identify_nobody
    app = api_app(queries_over(base), identify, lifespan=lifespan)
    desk = connection_desk(settings, base, transport)
    app.include_router(connections_router(desk, identify, secure=not is_local))
    for router in _journal_routers(base, identify):
        app.include_router(router)
    app.include_router(service_levels_router(ServiceLevelQueries(base.documents, base.clock)))
    app.include_router(upkeep_router(upkeep_desk(settings, base, transport), identify))
    return shut_doors(app, settings)


def _journal_routers(base: Foundation, identify: Identify) -> Sequence[APIRouter]:
    """Put together what a user does with a journal that is there."""
    documents, bus, ports = base.documents, base.bus, (base.clock, base.entropy)
    queries = JournalQueries(documents)
    books = Books(StatedLots(documents, bus, *ports), CostMethods(documents, bus, *ports))
    return (
        annotations_router(Annotations(documents, bus, *ports), identify),
        ratings_router(Ratings(documents, *ports), identify),
        performance_router(performances_over(base), identify),
        reconciliation_router(Reconcile(documents, *ports), queries, identify),
        books_router(books, queries, identify),
        exchange_router(
            ImportExecutions(documents, bus, *ports), Export(documents), queries, identify
        ),
        erasure_router(Erasure(documents, *ports), recovery_over(base).erasure, queries, identify),
    )


def connection_desk(
    settings: BrokerSettings, base: Foundation, transport: httpx.AsyncBaseTransport
) -> ConnectionDesk:
    """Put the use cases around connections together."""
    vault = Vault(base.secrets, base.entropy)
    connections = Connections(base.documents, base.clock, base.entropy, vault)
    hosts = settings.broker_hosts

    engine_of = engines_over(settings, base, transport)

    async def test(connection: Connection) -> Sequence[BrokerAccount]:
        engine = engine_of(connection.broker)
        return await engine.test(connection.user_id, connection.connection_id)

    consents = Consents(connections, base.secrets, SPECS, transport, hosts)
    return ConnectionDesk(connections, consents, test)


def upkeep_desk(
    settings: BrokerSettings, base: Foundation, transport: httpx.AsyncBaseTransport
) -> UpkeepDesk:
    """Put the use cases of upkeep together."""
    vault = Vault(base.secrets, base.entropy)
    return UpkeepDesk(
        Connections(base.documents, base.clock, base.entropy, vault),
        JournalQueries(base.documents),
        base.bus,
        Replay(base.documents, base.bus, base.clock, base.entropy, SPECS),
        Resync(base.documents, engines_over(settings, base, transport)),
    )


def engines_over(
    settings: BrokerSettings, base: Foundation, transport: httpx.AsyncBaseTransport
) -> Callable[[str], SyncConnection]:
    """Give the engine of a broker by its name, with no more time than a user waits.

    Raises: InvalidInput for a broker that is not known any more.
    """

    def engine_of(broker: str) -> SyncConnection:
        if broker not in SPECS:
            raise InvalidInput(f"no broker {broker!r} is known", expected=sorted(SPECS))
        return SyncConnection(
            base.documents,
            base.bus,
            base.clock,
            base.entropy,
            Vault(base.secrets, base.entropy),
            SPECS[broker],
            transport,
            settings.broker_hosts,
            _TEST_S,
        )

    return engine_of
