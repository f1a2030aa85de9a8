"""A bias as it is written: server-sent events, one a finished section, then the whole answer."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Annotated

from fastapi import FastAPI, Header
from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse

from shared.bias.serving.service import BiasService, Served
from shared.domain.bias import Section, Unavailable
from shared.domain.errors import DaybiasError
from shared.domain.ids import content_hash
from shared.domain.market.instrument import Instrument
from shared.http.problems import problem, problem_of

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # each event leaves at once
_STILL_WRITING = ": still writing\n\n"  # a comment: readers pass over it, proxies see life
_STALE = "stale"
_ID = re.compile(r"[a-z]+-[0-9a-f]{12}(,[a-z]+-[0-9a-f]{12}){0,6}")  # `stale` and six steps


def add_stream(app: FastAPI, service: BiasService, instruments: Mapping[str, Instrument]) -> None:
    """Add the route to an app."""

    @app.get("/v1/bias/{symbol}/stream", response_class=StreamingResponse)
    async def stream(symbol: str, last_event_id: Annotated[str, Header()] = "") -> Response:
        """The current answer as server-sent events.

        `stale`: the last answer, while the next one is written; `section`: one that is finished,
        in the place of an earlier one of its step; at the end `bias`, `unavailable` or `problem`.
        Whoever comes back with the id of the last event (browsers do by themselves) is told
        nothing twice. A comment comes when nothing else has for fifteen seconds. Leaving early
        stops nobody's answer.
        """
        if symbol not in instruments:
            return unknown_instrument(symbol, instruments)
        events = _events(service, symbol, _Told(last_event_id))
        return StreamingResponse(events, media_type="text/event-stream", headers=_HEADERS)


def unknown_instrument(symbol: str, instruments: Mapping[str, Instrument]) -> Response:
    """Name the instruments that there are."""
    return problem(
        404,
        "unknown-instrument",
        f"There is no instrument {symbol!r}.",
        expected=list(instruments),
    )


class _Told:
    """What a client has, by part, with a hash of its words; an event's id holds all of it.

    So no instance need remember who was told what: the id comes back with the client.
    """

    def __init__(self, last_event_id: str) -> None:
        ours = _ID.fullmatch(last_event_id) is not None  # another id tells nothing
        parts = last_event_id.split(",") if ours else ()
        self._hashes = {part: hashed for part, _, hashed in (p.partition("-") for p in parts)}

    @property
    def id(self) -> str:
        return ",".join(f"{part}-{hashed}" for part, hashed in self._hashes.items())

    def add(self, part: str, text: str) -> bool:
        """Note a part that is told; False where the client has just this."""
        hashed = content_hash(text)[:12]
        is_new = self._hashes.get(part) != hashed
        if is_new and part == _STALE:
            self._hashes.clear()  # another last answer: the sections were of a flight that is over
        self._hashes[part] = hashed
        return is_new


async def _events(service: BiasService, symbol: str, told: _Told) -> AsyncIterator[str]:
    try:
        async for part in service.stream(symbol):
            if text := _STILL_WRITING if part is None else _event(part, told):
                yield text
    except DaybiasError as error:  # the status has gone out with the first byte
        body = bytes(problem_of(error).body).decode()
        yield f"event: problem\ndata: {body}\n\n"


def _event(part: Section | Served | Unavailable, told: _Told) -> str:
    match part:
        case Section():
            return _once("section", part.step, part, told)
        case Unavailable():
            return _named("unavailable", part)
        case Served() if part.cache == "stale":
            return _once(_STALE, _STALE, part.bias, told)
        case Served():
            return _named("bias", part.bias)


def _once(event: str, part: str, body: BaseModel, told: _Told) -> str:
    """Write an event; nothing where the client has just this."""
    if not told.add(part, body.model_dump_json()):
        return ""
    return _named(event, body, f"id: {told.id}\n")


def _named(event: str, body: BaseModel, id_line: str = "") -> str:
    data = body.model_dump_json()  # JSON has no line breaks
    return f"event: {event}\n{id_line}data: {data}\n\n"
