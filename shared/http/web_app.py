"""The dashboard: static files of our own, and what state the house is in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Template

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Lifespan

from shared.domain.time import Instant
from shared.http.answers import json_answer, tagged
from shared.http.problems import install_problems, problem
from shared.http.security import SecurityHeaders
from shared.ports import Clock

CALLBACK = "/v1/oauth/callback"  # of the api, on the same host
# Checked at every visit: a new deployment shows at once, an unchanged file costs a 304.
_CACHE_CONTROL = "public, no-cache"
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Page:
    """What the frame of a page says of it; its content and its script bear its name."""

    path: str
    name: str
    title: str
    description: str


PAGES = (
    Page(
        "/",
        "index",
        "Bias",
        "Every fill in one journal exactly once; every morning a bias grounded in numbers.",
    ),
    Page(
        "/connections",
        "connections",
        "Connections",
        "Connect a broker by keys or by a consent in the browser; see how each connection is.",
    ),
    Page(
        "/service-levels",
        "service-levels",
        "Service levels",
        "How well each broker was synchronized: success, freshness and completeness, with counts.",
    ),
    Page(
        "/scorecard",
        "scorecard",
        "Scorecard",
        "What the forecasts of record have been worth: skill, hits, calibration, with intervals.",
    ),
)


class Status(BaseModel):
    """What the page says about the house: the profile, its time, and a notice (a replay)."""

    profile: str
    now: Instant
    notice: str | None


def read_files() -> dict[str, bytes]:
    """Read the packaged files by path, each page in the frame that all share."""
    found = dict(_below(files("shared.http") / "page", ""))
    frame = Template(found.pop("frame.html").decode())
    framed = {f"{p.name}.html": _framed(frame, p, found[f"{p.name}.html"]) for p in PAGES}
    return found | framed


def _below(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _below(entry, f"{path}{entry.name}/")
        else:
            yield f"{path}{entry.name}", entry.read_bytes()


def _framed(frame: Template, page: Page, content: bytes) -> bytes:
    here = {page.path: ' aria-current="page"'}
    links = [f'<a href="{p.path}"{here.get(p.path, "")}>{p.title}</a>' for p in PAGES]
    return frame.substitute(
        title=f"{page.title} · Daybias",
        description=page.description,
        name=page.name,
        links="".join(links),
        content=content.decode(),
    ).encode()


def web_app(
    clock: Clock, *, profile: str, notice: str | None, lifespan: Lifespan[Starlette] | None = None
) -> Starlette:
    """Make the app that serves the page."""
    page = read_files()
    first, *others = PAGES

    async def index(request: Request) -> Response:
        if "state" in request.query_params:
            # TradeStation's keys may come back to this path alone; also takes the code out of sight
            return RedirectResponse(f"{CALLBACK}?{request.url.query}", status_code=303)
        return _file(request, page, f"{first.name}.html")

    async def named(request: Request) -> Response:
        return _file(request, page, f"{request.url.path.strip('/')}.html")

    async def asset(request: Request) -> Response:
        return _file(request, page, request.path_params["name"])

    async def status(request: Request) -> Response:
        body = Status(profile=profile, now=clock.now(), notice=notice)
        return json_answer(request, body, cache_control="no-store")

    app = Starlette(
        routes=[
            Route(first.path, index),
            *(Route(other.path, named) for other in others),
            Route("/assets/{name:path}", asset),
            Route("/status", status),
        ],
        middleware=[Middleware(SecurityHeaders)],
        lifespan=lifespan,
    )
    install_problems(app)
    return app


def _file(request: Request, page: Mapping[str, bytes], name: str) -> Response:
    if name not in page:
        return problem(404, "unknown-route", f"There is no file {name}.", expected=sorted(page))
    suffix = name[name.rindex(".") :]
    media_type = _MEDIA_TYPES[suffix]
    return tagged(request, page[name], media_type=media_type, cache_control=_CACHE_CONTROL)
