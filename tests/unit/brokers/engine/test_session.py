import gzip

import httpx
import pytest

from shared.brokers.engine.session import Session


async def asked(target: str, base_url: str = "https://b.test/v3/") -> httpx.Request:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, headers={"Set-Cookie": "a=b; Path=/"})

    async with Session(base_url, {"Key": "of all"}, httpx.MockTransport(answer)) as session:
        for _ in range(2):
            await session.exchange("GET", target, {"key": "of this"})
    return seen[-1]


@pytest.mark.parametrize(
    ("target", "url"),
    [
        ("/orders?a=1", "https://b.test/v3/orders?a=1"),
        ("https://c.test/token", "https://c.test/token"),
    ],
)
async def test_a_path_is_below_the_host_and_a_url_stands_for_itself(target: str, url: str) -> None:
    assert str((await asked(target)).url) == url


async def test_no_cookie_is_handed_back() -> None:
    assert "cookie" not in (await asked("/orders")).headers


async def test_a_requests_own_header_stands_for_the_sessions() -> None:
    assert (await asked("/orders")).headers.get_list("key") == ["of this"]


async def test_a_compressed_answer_is_read_whole() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        packed = httpx.ByteStream(gzip.compress(b"{}"))
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=packed)

    async with Session("https://b.test", {}, httpx.MockTransport(answer)) as session:
        assert (await session.exchange("GET", "/", {})).content == b"{}"
