"""Watches connections: listens for news, synchronizes early, and by the clock all the same."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from shared.brokers.engine.streaming import Said, Stream
from shared.domain.errors import (
    AuthRejected,
    DaybiasError,
    RateLimited,
    RetryableError,
    UpstreamUnavailable,
)
from shared.domain.ids import ConnectionId
from shared.domain.sync.connection import Connection, ConnectionState
from shared.journal.watching.pace import POLL_S, Pace, Retry
from shared.ports import Clock, Entropy

_log = logging.getLogger(__name__)

_REFRESH_S = 60.0  # how soon a connection is met that was added, or resumed, elsewhere
_RESTING = frozenset({ConnectionState.NEEDS_REAUTH, ConnectionState.PAUSED})
_T = TypeVar("_T")


class Ear(StrEnum):
    """How a connection is listened to."""

    NONE = "polled"  # the broker streams nothing that we read
    OPENING = "opening"
    LISTENING = "listening"
    BROKEN = "broken"  # asked by the clock until it is open again
    RESTING = "resting"  # paused, or waiting for its user


@dataclass(slots=True)
class Watched:
    """What is known of one connection while it is watched; for showing.

    Shape: `why` explains the ear; `result` is what the last sync came to.
    """

    connection: Connection
    pace: Pace
    ear: Ear = Ear.NONE
    why: str = ""
    news: int = 0
    syncs: int = 0
    synced_at: datetime | None = None
    result: str = ""
    next_at: datetime | None = None
    stirred: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Watcher:
    """The use case.

    Shape: `connections` lists them as they are now; `stream_of` tells how a broker streams; `open`
    logs in and gives the streams of a connection; `sync` reads its history and says what came of
    it. `watched` is filled and emptied while `run` runs.
    """

    clock: Clock
    entropy: Entropy
    connections: Callable[[], Awaitable[Sequence[Connection]]]
    stream_of: Callable[[Connection], Stream | None]
    open: Callable[[Connection], AbstractAsyncContextManager[Sequence[AsyncIterator[Said]]]]
    sync: Callable[[Connection], Awaitable[str]]
    watched: dict[ConnectionId, Watched] = field(default_factory=dict)

    async def run(self) -> None:
        """Watch until cancelled."""
        tasks: dict[ConnectionId, asyncio.Task[None]] = {}
        try:
            while True:
                await self._refresh(tasks)
                await self.clock.sleep(_REFRESH_S)
        finally:
            await _stop(tasks.values())

    async def _refresh(self, tasks: dict[ConnectionId, asyncio.Task[None]]) -> None:
        """Follow the list of connections: they come, change and go while we watch."""
        listed = {one.connection_id: one for one in await self.connections()}
        for gone in tasks.keys() - listed.keys():
            await _stop([tasks.pop(gone)])
            del self.watched[gone]
        for name, connection in listed.items():
            if name in tasks:
                if tasks[name].done():
                    tasks[name].result()  # a fault of ours must not pass for silence
                self.watched[name].connection = connection
                self.watched[name].stirred.set()
            else:
                self.watched[name] = Watched(connection, Pace.beginning(self.clock.monotonic()))
                tasks[name] = asyncio.create_task(self._watch(self.watched[name]))

    async def _watch(self, watched: Watched) -> None:
        await _first_of(self._keep_synced(watched), self._keep_listening(watched))

    # ------------------------------------------------------------- syncing

    async def _keep_synced(self, watched: Watched) -> None:
        while True:
            wait_s = watched.pace.due_s - self.clock.monotonic()
            if wait_s > 0:
                watched.next_at = self.clock.now() + timedelta(seconds=wait_s)
                watched.stirred.clear()
                await _first_of(watched.stirred.wait(), self.clock.sleep(wait_s))
                continue
            watched.pace, watched.next_at = watched.pace.begun(), None
            try:
                watched.result = await self.sync(watched.connection)
                pause_s = 0.0
            except DaybiasError as error:  # the clock will try again
                watched.result = str(error)
                pause_s = (isinstance(error, RateLimited) and error.retry_after_s) or 0.0
            watched.pace = watched.pace.ended(self.clock.monotonic() + pause_s)
            watched.synced_at, watched.syncs = self.clock.now(), watched.syncs + 1

    # ----------------------------------------------------------- listening

    async def _keep_listening(self, watched: Watched) -> None:
        stream, retry = self.stream_of(watched.connection), Retry()
        while True:
            if stream is None:
                await self.clock.sleep(POLL_S)
                continue
            if watched.connection.health.state in _RESTING:
                watched.ear, watched.why = Ear.RESTING, watched.connection.health.state.value
                await self.clock.sleep(_REFRESH_S)
                continue
            began_s = self.clock.monotonic()
            watched.ear, watched.why = Ear.OPENING, ""
            error = await self._listen(watched, stream.silence)
            retry = retry.broke(self.clock.monotonic() - began_s)
            longest_s = retry.longest_s if isinstance(error, RetryableError) else POLL_S
            watched.ear, watched.why = Ear.BROKEN, str(error)
            _log.info("watch.stream_ended", extra={"broker": watched.connection.broker})
            await self.clock.sleep(self.entropy.uniform(longest_s / 2, longest_s))

    async def _listen(self, watched: Watched, silence: timedelta | None) -> DaybiasError:
        """Listen until a stream ends; return why."""
        try:
            async with self.open(watched.connection) as streams:
                watched.ear = Ear.LISTENING
                self._hear(watched)  # nobody tells what was missed before
                follow = (self._follow(watched, lines, silence) for lines in streams)
                await _first_of(*follow)
        except DaybiasError as error:
            return error
        return UpstreamUnavailable("the stream ended")

    async def _follow(
        self, watched: Watched, lines: AsyncIterator[Said], silence: timedelta | None
    ) -> None:
        """Hear one stream to its end.

        Raises: UpstreamUnavailable when it is silent for too long, AuthRejected.
        """
        while (said := await self._next(lines, silence)) is not None:
            if said is Said.BOOKED:
                watched.news += 1
                self._hear(watched)
            elif said is Said.CLOSE:
                return
            elif said is Said.REFUSED:
                raise AuthRejected("the stream refused the login")

    async def _next(self, lines: AsyncIterator[Said], silence: timedelta | None) -> Said | None:
        if silence is None:
            return await anext(lines, None)
        return await _first_of(anext(lines, None), self._fall_silent(silence))

    async def _fall_silent(self, silence: timedelta) -> Said | None:
        await self.clock.sleep(silence.total_seconds())
        raise UpstreamUnavailable(f"the stream said nothing for {silence.total_seconds():.0f} s")

    def _hear(self, watched: Watched) -> None:
        watched.pace = watched.pace.heard(self.clock.monotonic())
        watched.stirred.set()


async def _first_of(*awaited: Awaitable[_T]) -> _T:
    """Wait for the first to end and stop the others; give or raise what it ended with."""
    tasks = [asyncio.ensure_future(one) for one in awaited]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(task for task in tasks if task in done).result()
    finally:
        await _stop(tasks)


async def _stop(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel what still runs and wait for its end; what it ended with was looked at, or is over."""
    running = [task for task in tasks if not task.done()]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
