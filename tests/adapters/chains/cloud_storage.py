"""Cloud Storage's JSON API in a few lines: a bucket under retention, a caller who may not delete.

Source: https://cloud.google.com/storage/docs/json_api/v1/objects (insert, get, list);
https://cloud.google.com/storage/docs/request-preconditions.
"""

import base64
import json
from dataclasses import dataclass, field
from email.parser import BytesParser
from typing import Any

import google_crc32c
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.domain.time import iso
from shared.ports import Clock

TOKEN = "ya29.token"
_PAGE = 2  # objects a page: so that pages are turned


@dataclass
class CloudStorage:
    """One bucket. `failures` are statuses to answer next; `deletes_checked_first` answers 403 about
    a name that is taken, as a caller without the right to delete may be told, instead of 412.
    """

    bucket: str
    clock: Clock
    objects: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    failures: list[int] = field(default_factory=list)
    deletes_checked_first: bool = False
    damage: bool = False

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/upload/storage/v1/b/{bucket}/o", self._insert, methods=["POST"]),
                Route("/storage/v1/b/{bucket}/o", self._list),
                Route("/storage/v1/b/{bucket}/o/{name:path}", self._get),
            ]
        )

    def _refusal(self, request: Request) -> Response | None:
        if self.failures:
            return error(self.failures.pop(0), "backendError")
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return error(401, "authError")
        if request.path_params["bucket"] != self.bucket:
            return error(404, "notFound")
        return None

    async def _insert(self, request: Request) -> Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        assert request.query_params["uploadType"] == "multipart"
        metadata, content = parts(request.headers["content-type"], await request.body())
        if metadata["crc32c"] != crc32c(content):
            return error(400, "invalid")
        name = metadata["name"]
        if name in self.objects and self.deletes_checked_first:
            return error(403, "forbidden")
        if name in self.objects and request.query_params.get("ifGenerationMatch") == "0":
            return error(412, "conditionNotMet")
        assert name not in self.objects, "a bucket under retention lets nothing be replaced"
        self.objects[name] = (content, iso(self.clock.now()))
        return JSONResponse(self._resource(name))

    def _resource(self, name: str) -> dict[str, Any]:
        content, created = self.objects[name]
        return {
            "kind": "storage#object",
            "name": name,
            "bucket": self.bucket,
            "generation": "1590700000000000",
            "timeCreated": created,
            "size": str(len(content)),
            "crc32c": crc32c(content),
        }

    async def _list(self, request: Request) -> Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        asked = request.query_params
        names = sorted(
            name
            for name in self.objects
            if name.startswith(asked["prefix"])
            and name >= asked.get("startOffset", "")
            and ("endOffset" not in asked or name < asked["endOffset"])
        )
        start = int(asked.get("pageToken", "0"))
        items = [self._resource(name) for name in names[start : start + _PAGE]]
        body: dict[str, Any] = {
            "items": [{k: item[k] for k in ("name", "timeCreated")} for item in items]
        }
        if not items:
            body = {}
        if start + _PAGE < len(names):
            body["nextPageToken"] = str(start + _PAGE)
        return JSONResponse(body)

    async def _get(self, request: Request) -> Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        name = request.path_params["name"]
        if name not in self.objects:
            return error(404, "notFound")
        assert request.query_params["alt"] == "media"
        content = self.objects[name][0]
        headers = {"x-goog-hash": f"crc32c={crc32c(content)},md5=x"}
        return Response(b"?" + content[1:] if self.damage else content, headers=headers)


def parts(kind: str, body: bytes) -> tuple[dict[str, Any], bytes]:
    message = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    metadata, content = message.get_payload()
    return json.loads(metadata.get_payload(decode=True)), content.get_payload(decode=True)


def crc32c(content: bytes) -> str:
    return base64.b64encode(google_crc32c.value(content).to_bytes(4, "big")).decode()


def error(status: int, reason: str) -> Response:
    return JSONResponse(
        {"error": {"code": status, "message": reason, "errors": [{"reason": reason}]}}, status
    )
