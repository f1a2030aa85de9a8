import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from shared.domain.errors import (
    AuthRejected,
    Conflict,
    InvalidInput,
    NotFound,
    RateLimited,
    StoreUnavailable,
)
from shared.http.problems import Unauthenticated, install_problems


async def answer(error: Exception, *, path: str = "/", method: str = "GET") -> httpx.Response:
    async def fail(_: Request) -> PlainTextResponse:
        raise error

    app = Starlette(routes=[Route("/", fail)])
    install_problems(app)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        return await http.request(method, path)


@pytest.mark.parametrize(
    ("error", "status", "slug"),
    [
        (InvalidInput("no"), 400, "invalid-input"),
        (NotFound("no"), 404, "not-found"),
        (Unauthenticated("no"), 401, "unauthenticated"),
        (StoreUnavailable("no"), 503, "try-again"),
        (Conflict("no"), 503, "try-again"),
        (AuthRejected("no"), 502, "login-refused"),
        (ZeroDivisionError("no"), 500, "internal"),
    ],
)
async def test_each_reaction_has_its_status_and_stable_type(error, status, slug):
    got = await answer(error)
    assert (got.status_code, got.json()["type"], got.headers["content-type"]) == (
        status,
        f"urn:daybias:problem:{slug}",
        "application/problem+json",
    )


async def test_bad_input_names_what_was_expected():
    got = await answer(InvalidInput("unknown side", expected=["buy", "sell"]))
    assert got.json()["expected"] == ["buy", "sell"]


async def test_later_says_how_much_later():
    got = await answer(RateLimited("slow down", retry_after_s=42.3))
    assert got.headers["retry-after"] == "42"


async def test_a_foreign_error_tells_the_caller_nothing_of_itself():
    assert "secret" not in (await answer(ValueError("secret"))).text


async def test_an_unknown_route_is_a_problem():
    got = await answer(ValueError(), path="/nowhere")
    assert got.json()["type"] == "urn:daybias:problem:unknown-route"


async def test_a_wrong_method_is_a_problem_that_names_the_right_ones():
    got = await answer(ValueError(), method="DELETE")
    assert (got.json()["type"], sorted(got.headers["allow"].split(", "))) == (
        "urn:daybias:problem:method-not-allowed",
        ["GET", "HEAD"],
    )
