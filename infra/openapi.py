"""Renders the OpenAPI files of both JSON APIs; `make golden` writes them, a test checks drift."""

import asyncio
import json
import tempfile
from functools import cache
from pathlib import Path

from infra.local.gateway import Gateway
from shared.http.bias.app import OPENAPI_URL as BIAS_URL
from shared.http.journal.app import OPENAPI_URL as API_URL

_FILES = {"docs/reference/openapi/api.json": API_URL, "docs/reference/openapi/bias.json": BIAS_URL}


@cache
def documents() -> dict[Path, str]:
    """Render each API as it is served, by path relative to the root."""
    return asyncio.run(_documents())


async def _documents() -> dict[Path, str]:
    with tempfile.TemporaryDirectory() as folder:
        async with Gateway(Path(folder)) as gateway:
            served = {path: (await gateway.get(url)).json() for path, url in _FILES.items()}
    return {
        Path(path): json.dumps(body, indent=2, sort_keys=True) + "\n"
        for path, body in served.items()
    }
