"""Composition root of build_journal."""

from starlette.applications import Starlette

from shared.config import Settings, load
from shared.domain.messages import JournalChanged
from shared.http.consumers.app import consumer_app
from shared.http.consumers.consume import Consumer, DeadMessages
from shared.http.consumers.push import PushMessage
from shared.http.delegate import Delegate
from shared.journal.build import BuildJournal
from shared.wiring.foundation import Foundation, shut_doors, stand_on


def build_function() -> Delegate:
    """Make the function that rebuilds projections of changed instruments."""
    return Delegate(build_build)


def build_build(
    *, settings: Settings | None = None, foundation: Foundation | None = None
) -> Starlette:
    """Put the app together.

    Raises: ConfigError.
    """
    settings = settings or load(Settings)
    base, lifespan = stand_on(settings, foundation)
    use_case = BuildJournal(base.documents, base.clock, base.entropy)

    async def build(message: PushMessage) -> None:
        await use_case.build(JournalChanged.decode(message.data))

    consumer = Consumer("build_journal", build, DeadMessages(base.documents, base.clock))
    return shut_doors(consumer_app(consumer, lifespan=lifespan), settings)
