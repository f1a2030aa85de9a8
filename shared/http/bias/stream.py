"""A bias as it is written: server-sent events, one a finished section, then the whole answer."""

from collections.abc import AsyncIterator, Mapping

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse

from shared.bias.serving.service import BiasService, Served
from shared.domain.bias import Section, Unavailable
from shared.domain.errors import DaybiasError
from shared.domain.market.instrument import Instrument
from shared.http.problems import problem, problem_of

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # each event leaves at once
_STILL_WRITING = ": still writing\n\n"  # a comment: readers pass over it, proxies see life


def add_stream(app: FastAPI, service: BiasService, instruments: Mapping[str, Instrument]) -> None:
    """Add the route to an app."""

    @app.get("/v1/bias/{symbol}/stream", response_class=StreamingResponse)
    async def stream(symbol: str) -> Response:
        """The current answer as server-sent events.

        `stale`: the last answer, while the next one is written; `section`: one that is finished;
        at the end `bias`, `unavailable` or `problem`. A comment comes when nothing else has for
        fifteen seconds. Leaving early stops nobody's answer.
        """
        if symbol not in instruments:
            return unknown_instrument(symbol, instruments)
        return StreamingResponse(
            _events(service, symbol), media_type="text/event-stream", headers=_HEADERS
        )


def unknown_instrument(symbol: str, instruments: Mapping[str, Instrument]) -> Response:
    """Name the instruments that there are."""
    return problem(
        404,
        "unknown-instrument",
        f"There is no instrument {symbol!r}.",
        expected=list(instruments),
    )


async def _events(service: BiasService, symbol: str) -> AsyncIterator[str]:
    try:
        async for part in service.stream(symbol):
            yield _STILL_WRITING if part is None else _event(part)
    except DaybiasError as error:  # the status has gone out with the first byte
        body = bytes(problem_of(error).body).decode()
        yield f"event: problem\ndata: {body}\n\n"


def _event(part: Section | Served | Unavailable) -> str:
    match part:
        case Section():
            return _named("section", part)
        case Unavailable():
            return _named("unavailable", part)
        case Served():
            return _named("stale" if part.cache == "stale" else "bias", part.bias)


def _named(event: str, body: BaseModel) -> str:
    return f"event: {event}\ndata: {body.model_dump_json()}\n\n"  # JSON has no line breaks
