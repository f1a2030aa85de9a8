import json
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from infra.local.push import push
from shared.http.security import LoopbackOnly

BODY: dict[str, Any] = {"message": {"data": "e30="}, "subscription": "ö"}


@pytest.mark.parametrize("status", [204, 503])
async def test_the_answers_status_is_told(status: int) -> None:
    assert await push(Response(status_code=status), "/functions/any", BODY) == status


async def test_the_app_is_posted_the_body_as_from_this_machine() -> None:
    seen: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        seen.extend([request.method, request.url.path, json.loads(await request.body())])
        await Response(status_code=204)(scope, receive, send)

    assert await push(LoopbackOnly(app), "/functions/any", BODY) == 204
    assert seen == ["POST", "/functions/any", BODY]


async def test_an_app_that_fails_before_its_answer_is_asked_again_later() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("broken")

    assert await push(app, "/functions/any", BODY) == 503
