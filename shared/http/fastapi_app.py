"""What both JSON APIs share: problems for bad input, security headers, OpenAPI."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Lifespan

from shared import VERSION
from shared.http.problems import install_problems, problem
from shared.http.security import HeadAsGet, PlausiblePaths, SecurityHeaders


class Problem(BaseModel):
    """RFC 9457 problem details; `expected` names what would have been accepted."""

    type: str
    title: str
    status: int
    detail: str
    expected: list[str] = []


async def _on_invalid(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [(".".join(map(str, e["loc"])), e["msg"]) for e in error.errors()]
    return problem(
        422,
        "invalid-parameters",
        f"Invalid: {', '.join(place for place, _ in faults)}.",
        expected=[f"{place}: {message}" for place, message in faults],
    )


def make_fastapi(
    title: str, openapi_url: str, *, lifespan: Lifespan[Starlette] | None = None
) -> FastAPI:
    """Make an app whose every error is a problem answer and is described so."""
    app = FastAPI(
        title=title,
        version=VERSION,
        openapi_url=openapi_url,
        docs_url=None,  # the interactive pages load their script from a CDN
        redoc_url=None,
        lifespan=lifespan,
        responses={
            "4XX": {"model": Problem, "description": "Problem"},
            "5XX": {"model": Problem, "description": "Problem"},
        },
    )
    app.add_middleware(PlausiblePaths)
    app.add_middleware(HeadAsGet)
    app.add_middleware(SecurityHeaders)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    install_problems(app)
    return app
