"""A house whose author writes when a test says so, behind a door that a test can shut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import perf_counter

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.local.gateway import serving
from shared.adapters.memory_cache import MemoryCache
from shared.analyst.rules import RulesAnalyst
from shared.bias.compute import Sources
from shared.bias.serving.service import BiasService
from shared.config import BrokerSettings
from shared.domain.bias import Section, Step
from shared.domain.errors import StoreUnavailable
from shared.domain.evidence import DocumentLink
from shared.domain.passage import PassageKind
from shared.http.bias.app import bias_app
from shared.http.web_app import web_app
from shared.market.registry import load_instruments
from shared.market.store import MarketStore
from shared.wiring.roots.api import build_api
from tests.markets import FRIDAY_MORNING, open_market

SYMBOLS = ("SPY", "QQQ")
DOCUMENT = "/document"
AT_ONCE = b"retry: 20\n\n"  # milliseconds until a browser takes a broken stream up again


class WallClock:
    """Begins on a Friday of the past and runs as fast as the wall's."""

    def __init__(self, start: datetime) -> None:
        self.start, self._began = start, perf_counter()

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return perf_counter() - self._began

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Author(RulesAnalyst):
    """The rules; each step waits for its gate, and the macro step has read a text."""

    def __init__(self) -> None:
        super().__init__()
        self.gates = {step: asyncio.Event() for step in Step}
        self.fails = False
        self.document = ""

    async def section(self, step, *given, deadline) -> Section:
        await self.gates[step].wait()
        if self.fails:
            raise StoreUnavailable("away")
        written = await super().section(step, *given, deadline=deadline)
        return written.model_copy(update={"documents": self._documents(step)})

    def _documents(self, step: Step) -> tuple[DocumentLink, ...]:
        if step is not Step.MACRO:
            return ()
        at = datetime(2020, 5, 28, 18, 0, tzinfo=UTC)
        found = {"id": "1", "kind": PassageKind.NEWS, "source": "A paper", "published_at": at}
        return (
            DocumentLink(title="The chair will speak", url=self.document, **found),
            DocumentLink(title="No address", url="", **found | {"id": "2"}),
        )


class Newsroom:
    """Two instruments on a Friday before the open: Thursday's answers are there, the next wait.

    Shape: `heard` are the ids with which streams were taken up again; `breaks` is how often a
    stream still breaks with its next words.
    """

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.breaks = 0
        self.refuses = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[ASGIApp]:
        self.loop, self.author = asyncio.get_running_loop(), Author()
        market = await open_market()
        instruments = {symbol: load_instruments()[symbol] for symbol in SYMBOLS}
        for symbol in SYMBOLS:
            await market.service().bias(symbol)
        await market.move_to(FRIDAY_MORNING)
        self.clock = clock = WallClock(FRIDAY_MORNING)
        documents = market.documents
        store = MarketStore(documents, clock, market.entropy)
        sources = Sources(store, documents, MemoryCache(clock), clock, market.entropy)
        service = BiasService(sources, self.author, instruments)

        def never() -> None:
            """Neither records nor scores are asked for here."""

        self._apps = {
            "bias": bias_app(service, instruments, never, never),
            "api": build_api(
                settings=BrokerSettings(profile="local"),
                foundation=replace(market.foundation(), clock=clock),
            ),
            "web": web_app(clock, profile="local", notice=None),
        }
        yield self._door
        await service.close()

    def release(self, *steps: Step) -> None:
        """Let steps be written, from the thread of a test."""
        for step in steps:
            self.loop.call_soon_threadsafe(self.author.gates[step].set)

    async def _door(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path == DOCUMENT:
            await PlainTextResponse("What the chair may say.")(scope, receive, send)
        elif self.refuses and path != "/" and not path.startswith("/assets"):
            await PlainTextResponse("", 503)(scope, receive, send)
        elif path.endswith("/stream"):
            headers = dict(scope["headers"])
            self.heard.append(headers.get(b"last-event-id", b"").decode())
            await self._apps["bias"](scope, receive, self._breaking(send))
        else:
            await self._apps[serving(path)](scope, receive, send)

    def _breaking(self, send: Send) -> Send:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                message = {"type": "http.response.body", "body": AT_ONCE, "more_body": True}
            elif self.breaks:
                self.breaks -= 1
                raise ConnectionResetError("the line broke")
            await send(message)

        return sent
