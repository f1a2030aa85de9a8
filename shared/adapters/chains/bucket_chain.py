"""The forecasts' chain in a Cloud Storage bucket with locked retention: one object a link.

Google's own client is synchronous, so its four calls are made here over HTTP.
Source: https://cloud.google.com/storage/docs/json_api/v1/objects (insert, get, list).
"""

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote

import google_crc32c
import httpx

from shared.domain.errors import AlreadyExists, ConfigError, ContractBroken, StoreUnavailable
from shared.domain.time import parse_instant
from shared.ports import KeptLink

_HOST = "https://storage.googleapis.com"
_FOLDER = "links/"
_BOUNDARY = "a-link-of-the-forecasts-chain"
_AT_ONCE = 16
_TIMEOUT_S = 20.0
_TAKEN = 412  # ifGenerationMatch=0 did not hold
_REFUSED = 403  # also what a caller without the right to delete is told about a name that is taken


class Tokens(Protocol):
    """Who we are to Google."""

    async def bearer(self) -> str:
        """Give an access token that is still good.

        Raises: ConfigError, StoreUnavailable.
        """
        ...


class BucketChain:
    """Objects `links/00000001.json` and on; the bucket's own clock says when each was made.

    The function's role may create and read objects, and neither replace nor delete one.
    """

    def __init__(
        self, bucket: str, tokens: Tokens, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._bucket = bucket
        self._tokens = tokens
        self._client = httpx.AsyncClient(base_url=_HOST, timeout=_TIMEOUT_S, transport=transport)

    async def append(self, number: int, content: bytes) -> KeptLink:
        """Upload only if nothing has the name; the bucket refuses what was damaged on the way."""
        name = _name(number)
        body = _multipart({"name": name, "crc32c": _crc32c(content)}, content)
        kind = f"multipart/related; boundary={_BOUNDARY}"
        answer = await self._send(
            "POST",
            f"/upload/storage/v1/b/{self._bucket}/o",
            params={"uploadType": "multipart", "ifGenerationMatch": "0"},
            content=body,
            headers={"Content-Type": kind},
        )
        if answer.status_code in {_TAKEN, _REFUSED}:
            return await self._there(number, content, answer)
        return KeptLink(number, content, parse_instant(_json(answer)["timeCreated"]))

    async def newest(self) -> int:
        """List the names."""
        return max(await self._list(1), default=0)

    async def read(self, first: int = 1) -> Sequence[KeptLink]:
        """List the objects, then read some at the same time."""
        times = await self._list(first)
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one(number: int) -> KeptLink:
            async with slots:
                content = await self._content(number)
            return KeptLink(number, content, parse_instant(times[number]))

        return await asyncio.gather(*map(one, sorted(times)))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _there(self, number: int, content: bytes, refusal: httpx.Response) -> KeptLink:
        made = (await self._list(number, number + 1)).get(number)
        if made is None:
            raise ConfigError([f"bucket {self._bucket}: {_brief(refusal)}"])
        if await self._content(number) != content:
            raise AlreadyExists(f"link {number} is there, with other content")
        return KeptLink(number, content, parse_instant(made))

    async def _list(self, first: int, until: int | None = None) -> dict[int, str]:
        params = {
            "prefix": _FOLDER,
            "startOffset": _name(first),
            "fields": "items(name,timeCreated),nextPageToken",
        }
        if until is not None:
            params["endOffset"] = _name(until)
        found: dict[int, str] = {}
        while True:
            page = _json(await self._asked(f"/storage/v1/b/{self._bucket}/o", params))
            found |= {_number(item["name"]): item["timeCreated"] for item in page.get("items", ())}
            if "nextPageToken" not in page:
                return found
            params["pageToken"] = page["nextPageToken"]

    async def _content(self, number: int) -> bytes:
        path = f"/storage/v1/b/{self._bucket}/o/{quote(_name(number), safe='')}"
        answer = await self._asked(path, {"alt": "media"})
        if f"crc32c={_crc32c(answer.content)}" not in answer.headers.get("x-goog-hash", ""):
            raise StoreUnavailable(f"link {number} was damaged on the way")
        return answer.content

    async def _asked(self, path: str, params: Mapping[str, str]) -> httpx.Response:
        answer = await self._send("GET", path, params=params)
        if answer.status_code != httpx.codes.OK:
            raise ConfigError([f"bucket {self._bucket}: {_brief(answer)}"])
        return answer

    async def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        bearer = {"Authorization": f"Bearer {await self._tokens.bearer()}"}
        headers = {**request.pop("headers", {}), **bearer}
        try:
            answer = await self._client.request(method, path, headers=headers, **request)
        except httpx.TransportError as error:
            raise StoreUnavailable(f"bucket {self._bucket}: {type(error).__name__}") from error
        status = answer.status_code
        if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise StoreUnavailable(f"bucket {self._bucket}: {_brief(answer)}")
        if status not in {httpx.codes.OK, _TAKEN, _REFUSED}:
            raise ConfigError([f"bucket {self._bucket}: {_brief(answer)}"])
        return answer


def _name(number: int) -> str:
    return f"{_FOLDER}{number:08d}.json"


def _number(name: str) -> int:
    digits = name.removeprefix(_FOLDER).removesuffix(".json")
    if not digits.isdecimal() or _name(int(digits)) != name:
        raise ContractBroken(f"the chain's bucket holds {name!r}, which is no link")
    return int(digits)


def _crc32c(content: bytes) -> str:
    return base64.b64encode(google_crc32c.value(content).to_bytes(4, "big")).decode()


def _multipart(metadata: Mapping[str, str], content: bytes) -> bytes:
    """Put a link behind its name and checksum, by which the bucket refuses a damaged one."""
    start = f"--{_BOUNDARY}\r\nContent-Type: application/json\r\n\r\n"
    parts = (start, json.dumps(metadata), f"\r\n{start}")
    return "".join(parts).encode() + content + f"\r\n--{_BOUNDARY}--\r\n".encode()


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        found: dict[str, Any] = answer.json()
    except ValueError as error:
        raise ContractBroken("Cloud Storage did not answer in JSON") from error
    return found


def _brief(answer: httpx.Response) -> str:
    return f"HTTP {answer.status_code}: {answer.text[:200]}"
