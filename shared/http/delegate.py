"""Lets one framework function stand for a whole ASGI app, with its life cycle.

The framework starts no lifespan of ours, loses shutdown code on SIGTERM and answers an unhandled
error a second time: the delegate mends the three. Source: measured with
functions-framework 3.10.2.
"""

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any, cast

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from shared.domain.errors import ConfigError
from shared.http.problems import problem_of

_log = logging.getLogger(__name__)

DRAIN_S = 8.0  # the platform grants about 10 s; an open stream never ends by itself
_POLL_S = 0.02
_STOP_S = 2.0
_OBJECTS_A_COLLECTION = 20_000  # a page of rows makes thousands, and hardly a cycle among them


class Delegate:
    """An ASGI callable that builds its app at the first request and keeps it for warm calls."""

    def __init__(self, build: Callable[..., Starlette | Awaitable[Starlette]]) -> None:
        self._build = build
        self._ports: dict[str, Any] = {}
        self._hosted = False
        self._ready: asyncio.Future[Starlette] | None = None
        self._life: asyncio.Task[None] | None = None
        self._state: dict[str, Any] = {}
        self._in_flight = 0

    def host(self, **ports: Any) -> None:
        """Replace ports before the first request and own the life cycle: the host calls `close`."""
        if self._ready is not None:
            raise RuntimeError("ports are replaced before the first request, not after")
        self._ports = ports
        self._hosted = True

    def response(self) -> Response:
        """Stand for the response of one request."""
        # the framework awaits whatever it gets as an ASGI app, but its types name Response only
        return cast(Response, self)

    async def close(self) -> None:
        """Run the app's shutdown code; the next request would start it again."""
        life, self._life, self._ready = self._life, None, None
        if life is not None:
            life.cancel()
            await asyncio.wait([life], timeout=_STOP_S)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            app = await self._started()
        except ConfigError as error:
            await problem_of(error)(scope, receive, send)
            return
        await self._answer(app, scope, receive, send)

    async def _answer(self, app: Starlette, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        self._in_flight += 1
        try:
            await app({**scope, "state": {**scope.get("state", {}), **self._state}}, receive, watch)
        except Exception:
            if not started:
                raise
            # the app has answered 500 already; raising would make the framework answer again
            _log.exception("http.unhandled", extra={"path": scope.get("path", "")})
        finally:
            self._in_flight -= 1

    async def _started(self) -> Starlette:
        if self._ready is None:
            self._ready = asyncio.get_running_loop().create_future()
            self._life = asyncio.create_task(self._live(self._ready))
            if not self._hosted:
                self._drain_on_sigterm()
        return await asyncio.shield(self._ready)

    async def _live(self, ready: asyncio.Future[Starlette]) -> None:
        try:
            built = self._build(**self._ports)
            app = built if isinstance(built, Starlette) else await built
            async with app.router.lifespan_context(app) as state:
                self._state = dict(state or {})
                _spare_the_collector()
                ready.set_result(app)
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.get_running_loop().create_future()
        except Exception as error:
            if ready.done():
                raise
            _log.exception("function.start_failed")
            self._ready = None  # the next request tries again
            ready.set_exception(error)

    def _drain_on_sigterm(self) -> None:
        loop, previous = asyncio.get_running_loop(), signal.getsignal(signal.SIGTERM)
        if not callable(previous):  # no server owns the signal: a test
            return

        async def drain(number: int) -> None:
            end = loop.time() + DRAIN_S
            while self._in_flight and loop.time() < end:
                await asyncio.sleep(_POLL_S)
            await self.close()
            previous(number, None)

        tasks: list[asyncio.Task[None]] = []  # a task that nobody holds may be collected

        def on_term(number: int, _: FrameType | None) -> None:
            loop.call_soon_threadsafe(lambda: tasks.append(loop.create_task(drain(number))))

        signal.signal(signal.SIGTERM, on_term)


def _spare_the_collector() -> None:
    """Keep what was loaded out of the garbage collector's sight, and let it look less often.

    Its passes over some hundred thousand objects that never go took a sixth of a backfill's time,
    and stopped every request that was under way. Once a process: what is alive then stays.
    """
    if gc.get_threshold()[0] != _OBJECTS_A_COLLECTION:  # counting what is frozen is itself a pass
        gc.freeze()
        gc.set_threshold(_OBJECTS_A_COLLECTION)
