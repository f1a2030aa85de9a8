import logging
from collections.abc import Iterator

import httpx
import pytest

from shared.telemetry import configure_logging


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root, client = logging.getLogger(), logging.getLogger("httpx")
    handlers, levels = root.handlers[:], (root.level, client.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    client.setLevel(levels[1])


async def test_no_query_of_an_outgoing_request_is_logged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("INFO")
    transport = httpx.MockTransport(lambda _: httpx.Response(200))
    async with httpx.AsyncClient(transport=transport) as client:
        await client.get("https://b.test/v1", params={"signature": "very-secret"})
    logging.getLogger("daybias").info("still.logged")
    logged = capsys.readouterr().err
    assert "still.logged" in logged
    assert "very-secret" not in logged
