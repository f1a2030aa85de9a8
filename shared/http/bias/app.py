"""The biases over HTTP: the board of 21, one answer, the forecasts of record, their scores."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import FastAPI, Path
from pydantic import BaseModel
from pydantic_core import to_jsonable_python
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Lifespan

from shared.bias.record.score import CAVEAT
from shared.bias.record.sealing import RecordRound
from shared.bias.rounds.update import UpdateRound
from shared.bias.serving.service import BiasService, Served
from shared.domain.bias import (
    Analogs,
    Bias,
    Driver,
    Forecast,
    Level,
    Moment,
    Provenance,
    Unavailable,
)
from shared.domain.evidence import DocumentLink
from shared.domain.market.events import CalendarEvent
from shared.domain.market.instrument import Instrument
from shared.domain.time import Instant, parse_instant
from shared.http.answers import json_answer
from shared.http.bias.stream import add_stream, unknown_instrument
from shared.http.fastapi_app import make_fastapi
from shared.http.problems import problem

OPENAPI_URL = "/v1/bias/openapi.json"
# Whoever keeps an answer asks whether it still holds; an unchanged one costs a 304.
_CACHE_CONTROL = "private, no-cache"
_CACHE_HEADER = (
    "Daybias-Cache"  # fresh, stored, cached or stale; outside the body: the bytes stay equal
)

Scores = Callable[[date], Awaitable[Sequence[Mapping[str, object]]]]


class BoardEntry(BaseModel):
    """One line of the board: the answer without its sections.

    Shape: `stale` tells that it is the session's last answer, and that the next is being written.
    """

    instrument: str
    name: str
    icon: str
    session: date
    moment: Moment
    as_of: Instant
    of_record: bool
    forecast: Forecast
    drivers_for: tuple[Driver, ...]
    drivers_against: tuple[Driver, ...]
    invalidation: Level | None
    events_today: tuple[CalendarEvent, ...]
    documents: tuple[DocumentLink, ...]
    provenance: Provenance
    analogs: Analogs | None
    provider: str
    stale: bool = False


class NoBias(BaseModel):
    """A line of the board without a bias, and why."""

    instrument: str
    name: str
    icon: str
    session: date
    reason: str


class Board(BaseModel):
    """All 21 instruments, in the order of the registry."""

    entries: tuple[BoardEntry | NoBias, ...]


class ServedSeries(BaseModel):
    """A series of bars that is kept up: by which provider, and how old its newest bar was then."""

    symbol: str
    timeframe: str
    provider: str
    newest_at: Instant | None
    age_h: float | None


class MarketData(BaseModel):
    """What the newest refresh of market data brought, from whom, and what failed."""

    at: Instant
    bars: int
    events: int
    news: int
    served: tuple[ServedSeries, ...]
    missing: tuple[str, ...]
    fallbacks: tuple[str, ...]
    postponed: tuple[str, ...]
    failures: tuple[str, ...]
    rejected: tuple[str, ...]
    billed: dict[str, int]


class ScoreList(BaseModel):
    """The scored forecasts of one session, with what they do not prove."""

    session: date
    caveat: str = CAVEAT
    scores: tuple[dict[str, object], ...]


def bias_app(
    service: BiasService,
    instruments: Mapping[str, Instrument],
    round_: RecordRound,
    scores: Scores,
    *,
    lifespan: Lifespan[Starlette] | None = None,
) -> FastAPI:
    """Make the app."""
    app = make_fastapi("Daybias: bias", OPENAPI_URL, lifespan=lifespan)
    _add_answers(app, service, instruments)
    add_stream(app, service, instruments)
    _add_rounds(app, round_, UpdateRound(service, instruments))
    _add_scores(app, scores)
    return app


def _add_answers(app: FastAPI, service: BiasService, instruments: Mapping[str, Instrument]) -> None:
    @app.get("/v1/bias", response_model=Board)
    async def board(request: Request, moment: Moment | None = None) -> Response:
        """Every instrument with its bias, or the reason why it has none."""
        entries = [_entry(answer, instruments) for answer in await service.board(moment)]
        return json_answer(request, Board(entries=tuple(entries)), cache_control=_CACHE_CONTROL)

    @app.get("/v1/bias/market", response_model=MarketData)
    async def market(request: Request) -> Response:
        """Which provider serves which series, how old its data are, and what failed last."""
        found = await service.market()
        if found is None:
            return problem(404, "no-refresh", "Market data have not been refreshed yet.")
        return json_answer(request, _market(found), cache_control=_CACHE_CONTROL)

    @app.get("/v1/bias/{symbol}", response_model=Bias)
    async def bias(request: Request, symbol: str, moment: Moment | None = None) -> Response:
        """One instrument's bias with its six sections; 503 with the reason where there is none.

        404 where the moment that was asked for by its name has no snapshot.
        """
        if symbol not in instruments:
            return unknown_instrument(symbol, instruments)
        return _answered(request, await service.bias(symbol, moment=moment))

    @app.post("/v1/bias/{symbol}/snapshots", response_model=Bias)
    async def snapshot(request: Request, symbol: str) -> Response:
        """A bias on what is known now, between the named moments; one a session."""
        if symbol not in instruments:
            return unknown_instrument(symbol, instruments)
        return _answered(request, await service.request(symbol))


def _answered(request: Request, answer: Served | Unavailable) -> Response:
    if isinstance(answer, Unavailable):
        text = f"There is no bias of {answer.instrument} for {answer.session}: {answer.reason}"
        return problem(404, "no-snapshot", text) if answer.missed else problem(503, "no-bias", text)
    timings_ms = {"bias": answer.elapsed_ms}
    response = json_answer(
        request, answer.bias, cache_control=_CACHE_CONTROL, timings_ms=timings_ms
    )
    response.headers[_CACHE_HEADER] = answer.cache
    return response


def _add_rounds(app: FastAPI, records: RecordRound, updates: UpdateRound) -> None:
    @app.post("/v1/bias/record")
    async def record() -> JSONResponse:
        """Write and commit the forecasts of record that are due; the scheduler calls it."""
        return JSONResponse(to_jsonable_python(await records.run()))

    @app.post("/v1/bias/update")
    async def update() -> JSONResponse:
        """Write the pre-open and event answers that are due; the scheduler calls it."""
        return JSONResponse(to_jsonable_python(await updates.run()))


def _add_scores(app: FastAPI, scores: Scores) -> None:
    @app.get("/v1/scores/{session}", response_model=ScoreList)
    async def scored(
        request: Request, session: Annotated[date, Path(description="YYYY-MM-DD")]
    ) -> Response:
        """The forecasts of record of a session against what happened, beside their rivals."""
        found = tuple(dict(score) for score in await scores(session))
        body = ScoreList(session=session, scores=found)
        return json_answer(request, body, cache_control=_CACHE_CONTROL)


def _market(found: Mapping[str, Any]) -> MarketData:
    at = parse_instant(found["at"])
    served = [
        ServedSeries(
            symbol=symbol,
            timeframe=timeframe,
            provider=provider,
            newest_at=newest_at,
            age_h=None if newest_at is None else round((at - newest_at) / timedelta(hours=1), 1),
        )
        for symbol, timeframe, provider, newest in found["served"]
        for newest_at in (None if newest is None else parse_instant(newest),)
    ]
    return MarketData.model_validate({**found, "at": at, "served": served})


def _entry(
    answer: Served | Unavailable, instruments: Mapping[str, Instrument]
) -> BoardEntry | NoBias:
    if isinstance(answer, Unavailable):
        known = instruments[answer.instrument]
        return NoBias(name=known.name, icon=known.icon, **answer.model_dump())
    bias = answer.bias
    known = instruments[bias.instrument]
    own = {"name": known.name, "icon": known.icon, "stale": answer.cache == "stale"}
    shown = {f: getattr(bias, f) for f in BoardEntry.model_fields if f not in own}
    return BoardEntry(**own, **shown)
