"""Servers that a deployment leans on: Redis, Qdrant, Pub/Sub."""

from shared.config import BiasSettings
from shared.domain.errors import DaybiasError
from shared.domain.messages import ExecutionsObserved
from shared.domain.passage import PassageKind
from shared.retrieval.shelves import alias_of
from shared.wiring.doctor.finding import Condition, Finding, tried
from shared.wiring.foundation import Foundation
from shared.wiring.models.guards import open_guards
from shared.wiring.retrieval.opening import Retrieval
from shared.wiring.retrieval.server import open_server


async def servers(settings: BiasSettings, base: Foundation) -> list[Finding]:
    """Look at each that is configured; reading alone."""
    return [await _redis(settings), await _qdrant(settings, base), await _pubsub(settings)]


async def _redis(settings: BiasSettings) -> Finding:
    if settings.redis_url is None:
        detail = "not configured: each process keeps to its share of the limits"
        return Finding("redis", Condition.ABSENT, detail)
    url = settings.redis_url.get_secret_value()

    async def ping() -> str:
        from shared.adapters.redis.redis_client import open_redis

        client = open_redis(url)
        try:
            await client.get("doctor")
        finally:
            await client.aclose()
        return "read"

    return await tried("redis", ping)


async def _qdrant(settings: BiasSettings, base: Foundation) -> Finding:
    if not settings.qdrant_url:
        return Finding("qdrant", Condition.ABSENT, "no server is configured")
    guards = open_guards(settings, base)
    try:
        return await _answering(await open_server(settings, base, guards))
    except DaybiasError as error:
        return Finding("qdrant", Condition.BROKEN, str(error))
    finally:
        await guards.close()


async def _answering(opened: Retrieval | None) -> Finding:
    if opened is None:
        return Finding("qdrant", Condition.BROKEN, "there is no Gemini key to embed with")

    async def read() -> str:
        found = await opened.index.resolve(alias_of(PassageKind.NEWS))
        return "read" if found else "read; nothing has been indexed yet"

    try:
        return await tried("qdrant", read)
    finally:
        await opened.close()


async def _pubsub(settings: BiasSettings) -> Finding:
    if settings.profile != "cloud":
        return Finding("pub/sub", Condition.ABSENT, "messages stay in this machine's files")

    async def find() -> str:
        from shared.adapters.pubsub_bus import PubsubBus

        bus = PubsubBus(settings.project)
        try:
            await bus.find(ExecutionsObserved.topic)
        finally:
            await bus.close()
        return f"topic {ExecutionsObserved.topic}"

    return await tried("pub/sub", find)
