"""Opens the streams of a connection, with the login that its synchronization uses."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from shared.brokers.engine.listening import listen
from shared.brokers.engine.streaming import Said
from shared.domain.errors import InvalidInput
from shared.domain.sync.connection import Connection
from shared.journal.sync import SyncConnection


@asynccontextmanager
async def open_streams(
    engine_of: Callable[[str], SyncConnection], connection: Connection
) -> AsyncIterator[Sequence[AsyncIterator[Said]]]:
    """Log in and open every stream of a connection; they are closed afterwards.

    Raises: as `SyncConnection.test` and `listen`; InvalidInput for a broker that streams nothing.
    """
    engine = engine_of(connection.broker)
    stream = engine.spec.stream
    if stream is None:
        raise InvalidInput(f"{engine.spec.title} streams nothing that Daybias reads")
    shown, accounts = await engine.show_login(connection.user_id, connection.connection_id)
    own = engine.hosts.get(f"{connection.broker}:{connection.environment}")
    paths = stream.paths([one.handle or one.account_id for one in accounts])
    addresses = [stream.address(connection.environment, path, own) for path in paths]
    async with AsyncExitStack() as opened:
        yield [
            await opened.enter_async_context(listen(stream, address, shown, engine.transport))
            for address in addresses
        ]
