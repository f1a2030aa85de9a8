"""What became of a connection: its states, and the runs of the accounts that it reaches."""

from dataclasses import dataclass

from shared.domain.ids import ConnectionId, UserId
from shared.domain.sync.connection import Connection
from shared.journal.connect.connections import Connections
from shared.journal.queries import JournalQueries, Window
from shared.ports import Body

_RUNS = 20  # of each account


@dataclass(frozen=True, slots=True)
class ConnectionHistory:
    """A connection with its past, and runs of its accounts, newest first.

    Shape: an account that other connections reach too has their runs as well.
    """

    connection: Connection
    runs: tuple[Body, ...]


async def read_history(
    connections: Connections,
    queries: JournalQueries,
    user_id: UserId,
    connection_id: ConnectionId,
) -> ConnectionHistory:
    """Read the states that a connection was in, and its accounts' newest runs.

    Raises: NotFound, StoreUnavailable.
    """
    connection = await connections.get(user_id, connection_id)
    runs: list[Body] = []
    for account in await queries.accounts(user_id):
        if connection_id in account.connection_ids:
            found = await queries.runs(user_id, account.account_key, Window(limit=_RUNS))
            runs += found.items
    runs.sort(key=lambda run: run["started_us"], reverse=True)
    return ConnectionHistory(connection, tuple(runs))
