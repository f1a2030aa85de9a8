"""The scheduler's tick: one request on the bus for each connection that is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.domain.errors import Conflict
from shared.domain.ids import ConnectionId, UserId
from shared.domain.messages import SyncRequested
from shared.domain.sync.schedule import QUARTER, QUARTERLY, Schedule
from shared.domain.time import to_micros
from shared.ports import Clock, Document, Documents, MessageBus, Outgoing, Query, Update
from shared.scanning import pages

PERIOD = QUARTER
_BATCH = 100


@dataclass(frozen=True, slots=True)
class TickReport:
    """What one tick did: connections that were due, requests that were published."""

    due: int
    published: int


async def tick(
    documents: Documents,
    bus: MessageBus,
    clock: Clock,
    *,
    broker: str,
    schedule: Schedule = QUARTERLY,
) -> TickReport:
    """Publish a request for each due connection, then tell when it is due again.

    Idempotent: a crash between the two publishes a request twice, which the lease makes harmless.
    Raises: StoreUnavailable.
    """
    now = clock.now()
    count = 0
    due = Query(
        "connections",
        None,
        where={"broker": broker, "schedulable": True},
        order_by="next_due_us",
        below=to_micros(now) + 1,
        limit=_BATCH,
    )
    async for page in pages(documents, due):
        if page:
            await bus.publish([_request(document, now) for document in page])
            await _move_on(documents, page, schedule.next_after(now))
        count += len(page)
    return TickReport(due=count, published=count)


def _request(document: Document, now: datetime) -> Outgoing:
    user_id, connection_id = document.key.path
    message = SyncRequested(
        user_id=UserId(user_id),
        connection_id=ConnectionId(connection_id),
        broker=document.body["broker"],
        reason="tick",
        requested_at=now,
    )
    return Outgoing(message.topic_name(), message.encode())


async def _move_on(documents: Documents, due: Sequence[Document], until: datetime) -> None:
    writes = [Update(d.key, {**d.body, "next_due_us": to_micros(until)}, d.version) for d in due]
    try:
        await documents.commit(writes)
    except Conflict:
        for write in writes:
            try:
                await documents.commit([write])
            except Conflict:
                # a sync has written its health meanwhile: this one stays due, and is asked for
                # once more by the next tick, which is harmless
                continue
