import httpx
import pytest
from starlette.responses import PlainTextResponse

from shared.http.security import LoopbackOnly, PlausiblePaths, SecurityHeaders


async def get(app, *, client=("127.0.0.1", 5000), **headers) -> httpx.Response:
    transport = httpx.ASGITransport(app, client=client)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as http:
        return await http.get("/", headers=headers)


door = LoopbackOnly(PlainTextResponse("in"))


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST"])
async def test_this_machine_is_let_in_under_each_of_its_names(host):
    assert (await get(door, host=host)).text == "in"


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "evil.example:8080", "["]
)
async def test_a_name_that_was_rebound_to_loopback_is_refused(host):
    answer = await get(door, host=host)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:daybias:problem:not-loopback")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:3000", "http://localhost:80800"]
)
async def test_a_page_of_another_origin_is_refused(origin):
    assert (await get(door, origin=origin)).status_code == 403


async def test_our_own_page_is_let_in():
    assert (await get(door, origin="http://localhost:8080")).text == "in"


async def test_a_caller_from_another_machine_is_refused():
    assert (await get(door, client=("192.168.0.9", 5000))).status_code == 403


async def test_every_answer_forbids_inline_script_and_frames():
    answer = await get(SecurityHeaders(PlainTextResponse("page")))
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy


async def test_an_answer_keeps_a_header_that_it_set_itself():
    inner = PlainTextResponse("page", headers={"Referrer-Policy": "origin"})
    assert (await get(SecurityHeaders(inner))).headers["referrer-policy"] == "origin"


@pytest.mark.parametrize("part", ["%00", "%1F", "__x__", "%2e%2e", "a" * 1501])
async def test_a_path_that_names_no_id_is_not_asked_for(part):
    transport = httpx.ASGITransport(PlausiblePaths(PlainTextResponse("in")))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        found = await http.get(f"/v1/connections/{part}/test")
    assert (found.status_code, found.json()["type"][-13:]) == (404, "unknown-route")


async def test_a_plain_path_is_let_in():
    assert (await get(PlausiblePaths(PlainTextResponse("in")))).text == "in"
