"""Composition root of `daybias watch`; apart, so that no other command loads a websocket."""

from functools import partial

from shared.domain.messages import SyncRequested
from shared.domain.sync.connection import Connection
from shared.http.identity import LOCAL_USER
from shared.journal.visits.account_run import Outcome
from shared.journal.watching.opening import open_streams
from shared.journal.watching.watcher import Watcher
from shared.wiring.brokers import SPECS
from shared.wiring.roots.desk import Desk


def watcher_of(desk: Desk) -> Watcher:
    """Put the watcher of this machine's connections together."""
    base = desk.foundation

    async def sync(connection: Connection) -> str:
        request = SyncRequested(
            user_id=connection.user_id,
            connection_id=connection.connection_id,
            broker=connection.broker,
            reason="watch",
            requested_at=base.clock.now(),
        )
        report = await desk.syncing(connection.broker).run(request)
        if report.outcome is Outcome.COMPLETE:
            return f"complete, {report.rows} rows read"
        return f"{report.outcome.value}: {report.reason}" if report.reason else report.outcome.value

    return Watcher(
        base.clock,
        base.entropy,
        partial(desk.connections.list, LOCAL_USER),
        lambda connection: SPECS[connection.broker].stream,
        partial(open_streams, desk.syncing),
        sync,
    )
