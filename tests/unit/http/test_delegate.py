import asyncio
import gc
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from shared.domain.errors import ConfigError
from shared.http.delegate import Delegate


class Stage:
    """An app that notes what happens to it."""

    def __init__(self) -> None:
        self.built = 0
        self.started = 0
        self.stopped = 0
        self.failures: list[Exception] = []

    def build(self, *, word: str = "hello") -> Starlette:
        self.built += 1

        @asynccontextmanager
        async def lifespan(app: Starlette):
            if self.failures:
                raise self.failures.pop()
            await asyncio.sleep(0)
            self.started += 1
            yield {"word": word}
            self.stopped += 1

        async def greet(request: Request) -> PlainTextResponse:
            return PlainTextResponse(request.state.word)

        async def fail(request: Request) -> PlainTextResponse:
            raise RuntimeError("boom")

        async def cut(request: Request) -> StreamingResponse:
            async def parts():
                yield b"one"
                raise RuntimeError("boom")

            return StreamingResponse(parts())

        routes = [Route("/", greet), Route("/fail", fail), Route("/cut", cut)]
        return Starlette(routes=routes, lifespan=lifespan)


def client(app) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


@pytest.fixture
def stage():
    return Stage()


@pytest.fixture
async def delegate(stage):
    delegate = Delegate(stage.build)
    yield delegate
    await delegate.close()


async def test_concurrent_first_requests_start_the_app_once(stage, delegate):
    async with client(delegate) as http:
        answers = await asyncio.gather(*(http.get("/") for _ in range(4)))
    assert ([a.text for a in answers], stage.built, stage.started) == (["hello"] * 4, 1, 1)


async def test_nothing_is_built_before_the_first_request(stage, delegate):
    assert stage.built == 0


@pytest.fixture
def untouched_collector():
    before = gc.get_threshold()
    gc.set_threshold(700)
    gc.unfreeze()
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("untouched_collector")
async def test_what_was_loaded_to_serve_is_out_of_the_collectors_sight(delegate):
    async with client(delegate) as http:
        await http.get("/")
    assert gc.get_freeze_count() > 10_000


async def test_a_failed_start_is_tried_again_by_the_next_request(stage, delegate):
    stage.failures = [OSError("no store")]
    async with client(delegate) as http:
        with pytest.raises(OSError, match="no store"):
            await http.get("/")
        assert (await http.get("/")).text == "hello"


async def test_wrong_settings_answer_a_problem_that_lists_every_fault(stage, delegate):
    stage.failures = [ConfigError(["PROJECT is missing", "TTL is negative"])]
    async with client(delegate) as http:
        answer = await http.get("/")
    assert (answer.status_code, answer.json()["expected"]) == (
        500,
        ["PROJECT is missing", "TTL is negative"],
    )


async def test_closing_runs_the_shutdown_code(stage, delegate):
    async with client(delegate) as http:
        await http.get("/")
    await delegate.close()
    assert stage.stopped == 1


async def test_an_error_that_the_app_answered_is_not_raised_again(delegate):
    async with client(delegate) as http:
        assert (await http.get("/fail")).status_code == 500


async def test_an_error_in_the_middle_of_a_stream_is_logged_and_not_raised(delegate, caplog):
    sent = []

    async def receive():
        await asyncio.get_running_loop().create_future()

    async def send(message):
        sent.append(message["type"])

    scope = {"type": "http", "path": "/cut", "method": "GET", "headers": []}
    await delegate(scope, receive, send)
    assert (sent, [r.getMessage() for r in caplog.records]) == (
        ["http.response.start", "http.response.body"],
        ["http.unhandled"],
    )


async def test_a_host_replaces_ports(stage, delegate):
    delegate.host(word="other")
    async with client(delegate) as http:
        assert (await http.get("/")).text == "other"


async def test_ports_cannot_be_replaced_after_the_first_request(delegate):
    async with client(delegate) as http:
        await http.get("/")
    with pytest.raises(RuntimeError, match="before the first request"):
        delegate.host(word="late")
