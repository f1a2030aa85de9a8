"""The ports that every function stands on, and who opens and closes them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.types import Lifespan

from shared.config import Settings
from shared.http.security import LoopbackOnly
from shared.ports import Cache, Clock, Documents, Entropy, MessageBus, Secrets
from shared.telemetry import configure_logging


@dataclass(frozen=True, slots=True)
class Foundation:
    """One adapter a port; a test or the gateway may hand in any other."""

    documents: Documents
    bus: MessageBus
    secrets: Secrets
    clock: Clock
    entropy: Entropy
    cache: Cache

    async def close(self) -> None:
        """Release what was opened."""
        await self.bus.close()
        await self.secrets.close()
        await self.documents.close()


def open_foundation(settings: Settings) -> Foundation:
    """Choose the adapters of the profile; the other profile's are not even imported.

    Raises: ConfigError.
    """
    if settings.profile == "cloud":
        from shared.wiring.cloud import open_cloud

        return open_cloud(settings)
    from shared.wiring.local import open_local

    return open_local(settings)


def stand_on(
    settings: Settings, foundation: Foundation | None
) -> tuple[Foundation, Lifespan[Starlette] | None]:
    """Use the foundation that was handed in, or open one that the app's lifespan closes."""
    if foundation is not None:
        return foundation, None
    configure_logging(settings.log_level)
    opened = open_foundation(settings)

    def lifespan(_: Starlette) -> AbstractAsyncContextManager[None]:
        return _closing(opened)

    return opened, lifespan


@asynccontextmanager
async def _closing(opened: Foundation) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await opened.close()


def and_close(
    lifespan: Lifespan[Starlette] | None, close: Callable[[], Awaitable[None]]
) -> Lifespan[Starlette]:
    """Make a lifespan that closes one more thing, before what was opened earlier."""

    @asynccontextmanager
    async def closing(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if lifespan is not None:
                await stack.enter_async_context(lifespan(app))
            stack.push_async_callback(close)
            yield

    return closing


def shut_doors(app: Starlette, settings: Settings) -> Starlette:
    """Let only this machine in, in the local profile; in the cloud IAM guards the door."""
    if settings.profile == "local":
        app.add_middleware(LoopbackOnly)
    return app
