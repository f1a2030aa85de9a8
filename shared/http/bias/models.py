"""The providers of language models over HTTP: whether they can be asked."""

from collections.abc import Callable, Sequence

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from shared.analyst.health import ModelHealth, ModelState
from shared.http.answers import json_answer


class ModelEntry(BaseModel):
    """One provider of language models and how it stands; without one the rules write."""

    provider: str
    state: ModelState


class ModelList(BaseModel):
    """Every provider, as it was found when this process started."""

    models: tuple[ModelEntry, ...]


def add_models(app: FastAPI, known: Callable[[], Sequence[ModelHealth]]) -> None:
    """Tell how the providers stand."""

    @app.get("/v1/models", response_model=ModelList)
    async def listed(request: Request) -> Response:
        """The providers of language models and how they stand; a wrong key is told here."""
        entries = tuple(ModelEntry(provider=m.provider, state=m.state) for m in known())
        return json_answer(request, ModelList(models=entries), cache_control="no-store")
