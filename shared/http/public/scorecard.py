"""The live scorecard over HTTP, and all that verifies it; nothing of any user is in it."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response, StreamingResponse

from shared.analyst.evaluation.measured import steadiness
from shared.bias.scorecard.live import words
from shared.bias.scorecard.store import Download, Scorecards

_NO_CACHE = {"Cache-Control": "no-cache"}
_FILE = {"Content-Disposition": 'attachment; filename="daybias-scorecard.jsonl"'}


class Repeatability(BaseModel):
    """A line a prompt and model; none where no model was asked the same question again."""

    items: list[dict[str, Any]]


def scorecard_router(cards: Scorecards, download: Download) -> APIRouter:
    """Make the routes; they ask nobody who they are."""
    router = APIRouter()

    @router.get("/v1/scorecard", response_model=dict[str, Any])
    async def scorecard() -> Response:
        """What the forecasts of record have been worth, as it was worked out after the last day."""
        card = await cards.latest()
        return JSONResponse(card or {"n": 0, "dates": 0, "words": words(0, 0)}, headers=_NO_CACHE)

    @router.get("/v1/scorecard/repeatability")
    async def repeatability() -> Repeatability:
        """How often a model answers the same question with another lean, as last measured."""
        return Repeatability(items=steadiness())

    @router.get("/v1/scorecard/download", response_class=StreamingResponse)
    async def whole() -> Response:
        """Chain, scores and figures as lines of JSON, which `daybias scorecard verify` reads."""
        lines = download.lines()
        first = await anext(lines)  # what cannot be read is a problem answer, not half a file

        async def body() -> AsyncIterator[bytes]:
            yield first
            async for line in lines:
                yield line

        return StreamingResponse(
            body(), media_type="application/x-ndjson", headers=_NO_CACHE | _FILE
        )

    return router
