"""Composition root of store_executions."""

from starlette.applications import Starlette

from shared.config import Settings, load
from shared.domain.messages import ExecutionsObserved
from shared.http.consumers.app import consumer_app
from shared.http.consumers.consume import Consumer, DeadMessages
from shared.http.consumers.push import PushMessage
from shared.http.delegate import Delegate
from shared.journal.store import StoreExecutions
from shared.wiring.foundation import Foundation, shut_doors, stand_on


def store_function() -> Delegate:
    """Make the function that stores pages of executions."""
    return Delegate(build_store)


def build_store(
    *, settings: Settings | None = None, foundation: Foundation | None = None
) -> Starlette:
    """Put the app together.

    Raises: ConfigError.
    """
    settings = settings or load(Settings)
    base, lifespan = stand_on(settings, foundation)
    use_case = StoreExecutions(base.documents, base.bus, base.clock, base.entropy)

    async def store(message: PushMessage) -> None:
        await use_case.store(ExecutionsObserved.decode(message.data))

    consumer = Consumer("store_executions", store, DeadMessages(base.documents, base.clock))
    return shut_doors(consumer_app(consumer, lifespan=lifespan), settings)
