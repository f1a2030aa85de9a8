"""The apps behind a push subscription and behind the scheduler."""

import json
import logging
from collections.abc import Awaitable, Callable

from pydantic_core import to_jsonable_python
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Lifespan

from shared.http.consumers.consume import Consumer
from shared.http.problems import install_problems

_log = logging.getLogger(__name__)

Job = Callable[[], Awaitable[object]]


def consumer_app(consumer: Consumer, *, lifespan: Lifespan[Starlette] | None = None) -> Starlette:
    """Make the app of a push endpoint: POST anywhere is one delivery."""
    return _post_app(consumer.answer, lifespan)


def job_app(name: str, job: Job, *, lifespan: Lifespan[Starlette] | None = None) -> Starlette:
    """Make the app of a scheduled job: POST runs it and answers with its report."""

    async def run(_: Request) -> Response:
        return await _report(name, job)

    return _post_app(run, lifespan)


def sync_app(
    name: str, tick: Job, consumer: Consumer, *, lifespan: Lifespan[Starlette] | None = None
) -> Starlette:
    """Make the app of a broker: the scheduler's tick, or the delivery of one request.

    Shape: a tick is an empty body or {"tick": true}; everything else is read as a push.
    """

    async def answer(request: Request) -> Response:
        if _is_tick(await request.body()):
            return await _report(name, tick)
        return await consumer.answer(request)

    return _post_app(answer, lifespan)


def _is_tick(body: bytes) -> bool:
    if not body.strip():
        return True
    try:
        return bool(json.loads(body) == {"tick": True})
    except (ValueError, RecursionError):
        return False


async def _report(name: str, job: Job) -> Response:
    report = to_jsonable_python(await job())
    _log.info("job.done", extra={"job": name, "report": report})
    return JSONResponse(report)


def _post_app(
    answer: Callable[[Request], Awaitable[Response]], lifespan: Lifespan[Starlette] | None
) -> Starlette:
    app = Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])], lifespan=lifespan)
    install_problems(app)
    return app
