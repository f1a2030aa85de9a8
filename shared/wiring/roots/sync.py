"""Composition root of the sync functions, one a broker."""

from functools import partial

import httpx
from starlette.applications import Starlette

from shared.brokers.spec import BrokerSpec
from shared.config import SyncSettings, load
from shared.domain.messages import SyncRequested
from shared.http.consumers.app import sync_app
from shared.http.consumers.consume import Consumer, DeadMessages
from shared.http.consumers.push import PushMessage
from shared.http.delegate import Delegate
from shared.journal.connect.vault import Vault
from shared.journal.sync import SyncConnection
from shared.journal.tick import tick
from shared.wiring.foundation import Foundation, shut_doors, stand_on
from shared.wiring.transport import handed_in_or_http


def sync_function(spec: BrokerSpec) -> Delegate:
    """Make a broker's function: the scheduler's tick and the pushed request."""
    return Delegate(partial(build_sync, spec))


def build_sync(
    spec: BrokerSpec,
    *,
    settings: SyncSettings | None = None,
    foundation: Foundation | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Starlette:
    """Put the app together; `transport` stands for the broker (a simulator in tests and the demo).

    Raises: ConfigError.
    """
    settings = settings or load(SyncSettings)
    base, lifespan = stand_on(settings, foundation)
    transport, lifespan = handed_in_or_http(transport, lifespan)
    use_case = sync_use_case(spec, settings, base, transport)

    async def sync(message: PushMessage) -> None:
        await use_case.run(SyncRequested.decode(message.data))

    async def one_tick() -> object:
        return await tick(
            base.documents, base.bus, base.clock, broker=spec.name, schedule=spec.schedule
        )

    name = f"sync_{spec.name}"
    consumer = Consumer(name, sync, DeadMessages(base.documents, base.clock))
    return shut_doors(sync_app(name, one_tick, consumer, lifespan=lifespan), settings)


def sync_use_case(
    spec: BrokerSpec, settings: SyncSettings, base: Foundation, transport: httpx.AsyncBaseTransport
) -> SyncConnection:
    """Put a broker's engine together."""
    return SyncConnection(
        base.documents,
        base.bus,
        base.clock,
        base.entropy,
        Vault(base.secrets, base.entropy),
        spec,
        transport,
        settings.broker_hosts,
        settings.budget_s,
    )
