"""Secret Manager's gRPC service in a few lines, for the real client to talk to.

Source: https://cloud.google.com/secret-manager/docs/reference/rpc (read 2026-11-24).
"""

from collections.abc import Awaitable, Callable
from typing import Any

import google_crc32c
import grpc
from google.cloud.secretmanager_v1 import types as t

_SERVICE = "/google.cloud.secretmanager.v1.SecretManagerService/"


class SecretManager(grpc.GenericRpcHandler):
    """Keeps secrets in a dictionary; `asked` lists the accessed versions.

    `damage` flips a byte of each answered value; `down` answers UNAVAILABLE; `deny` answers
    PERMISSION_DENIED.
    """

    def __init__(self) -> None:
        self.secrets: dict[str, list[bytes]] = {}
        self.asked: list[str] = []
        self.damage = False
        self.down = False
        self.deny = False

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        methods: dict[str, tuple[Callable[..., Awaitable[Any]], Any]] = {
            "AccessSecretVersion": (self._access, t.AccessSecretVersionRequest),
            "AddSecretVersion": (self._add, t.AddSecretVersionRequest),
            "CreateSecret": (self._create, t.CreateSecretRequest),
        }
        method, request = methods[details.method.removeprefix(_SERVICE)]
        return grpc.unary_unary_rpc_method_handler(
            self._guarded(method),
            request_deserializer=request.deserialize,
            response_serializer=lambda answer: type(answer).serialize(answer),
        )

    def _guarded(self, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def guarded(request: Any, context: grpc.aio.ServicerContext) -> Any:
            if self.down:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "down")
            if self.deny:
                await context.abort(grpc.StatusCode.PERMISSION_DENIED, "not yours")
            return await method(request, context)

        return guarded

    async def _create(
        self, request: t.CreateSecretRequest, context: grpc.aio.ServicerContext
    ) -> t.Secret:
        name = f"{request.parent}/secrets/{request.secret_id}"
        if name in self.secrets:
            await context.abort(grpc.StatusCode.ALREADY_EXISTS, name)
        self.secrets[name] = []
        return t.Secret(name=name)

    async def _add(
        self, request: t.AddSecretVersionRequest, context: grpc.aio.ServicerContext
    ) -> t.SecretVersion:
        if request.parent not in self.secrets:
            await context.abort(grpc.StatusCode.NOT_FOUND, request.parent)
        assert request.payload.data_crc32c == google_crc32c.value(request.payload.data)
        versions = self.secrets[request.parent]
        versions.append(request.payload.data)
        return t.SecretVersion(name=f"{request.parent}/versions/{len(versions)}")

    async def _access(
        self, request: t.AccessSecretVersionRequest, context: grpc.aio.ServicerContext
    ) -> t.AccessSecretVersionResponse:
        self.asked.append(request.name)
        name, _, version = request.name.partition("/versions/")
        versions = self.secrets.get(name, [])
        if version != "latest" and not version.isdecimal():
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, version)
        number = len(versions) if version == "latest" else int(version)
        if not 1 <= number <= len(versions):
            await context.abort(grpc.StatusCode.NOT_FOUND, request.name)
        data = versions[number - 1]
        payload = t.SecretPayload(
            data=b"?" + data[1:] if self.damage else data, data_crc32c=google_crc32c.value(data)
        )
        return t.AccessSecretVersionResponse(name=f"{name}/versions/{number}", payload=payload)
