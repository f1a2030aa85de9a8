import asyncio

import httpx
import pytest

from shared.cli.connections.returns import Return, is_listenable, listening, read_return
from tests.ports import free_port


@pytest.mark.parametrize(
    ("address", "returned"),
    [
        ("https://127.0.0.1:8182/?code=C0.x%40&session=s&state=st", Return("st", "C0.x@")),
        ("  http://localhost:8080/v1/oauth/callback?state=st&code=a \n", Return("st", "a")),
        ("http://localhost:8080/?error=access_denied&state=st", Return("st", "")),
        ("http://localhost:8080/?code=a", None),
        ("nothing of the kind", None),
    ],
)
def test_a_return_is_read_from_its_address(address: str, returned: Return | None) -> None:
    assert read_return(address) == returned


@pytest.mark.parametrize(
    ("redirect_uri", "can"),
    [
        ("http://localhost:8080", True),
        ("http://127.0.0.1:31022/x", True),
        ("https://127.0.0.1:8182", False),
        ("http://daybias.example/v1/oauth/callback", False),
    ],
)
def test_only_plain_loopback_is_listened_at(redirect_uri: str, can: bool) -> None:
    assert is_listenable(redirect_uri) is can


async def test_the_return_of_this_consent_is_taken_wherever_it_points() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    async with listening(url, "st") as found, httpx.AsyncClient() as browser:
        answer = await browser.get(f"{url}/any?state=st&code=a")
        assert (answer.status_code, await found) == (200, Return("st", "a"))


@pytest.mark.parametrize("path", ["/favicon.ico", "/?state=other&code=a", "/?code=a"])
async def test_whatever_else_is_asked_ends_nothing(path: str) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    async with listening(url, "st") as found, httpx.AsyncClient() as browser:
        answer = await browser.get(f"{url}{path}")
        assert (answer.status_code, found.done()) == (404, False)


async def test_the_listener_is_gone_afterwards() -> None:
    port = free_port()
    async with listening(f"http://localhost:{port}", "st"):
        pass
    with pytest.raises(OSError, match=r"refused|failed"):
        await asyncio.open_connection("127.0.0.1", port)
