"""Kept calls in the document store, until their time is over."""

from datetime import timedelta
from typing import Any

from shared.domain.time import to_micros
from shared.ports import Body, Clock, Create, Delete, Documents, Entropy, Key, ModelRequest, Query
from shared.scanning import every

_SWEPT = 20  # more than a call adds: what is over is gone soon
_AT_ONCE = 100  # prompts are long, and a commit has a limit


class ModelCalls:
    """The calls behind the answers.

    Shape: a body holds snapshot_hash, instrument, prompt_id, provider, asked_us, expires_us,
    system, prompt, answer (text, model, usage, request_id; None without any) and failure.
    """

    def __init__(
        self, documents: Documents, clock: Clock, entropy: Entropy, *, keep: timedelta
    ) -> None:
        self._documents = documents
        self._clock = clock
        self._entropy = entropy
        self._keep = keep

    async def put(
        self, provider: str, request: ModelRequest, answer: Body | None, failure: str | None
    ) -> None:
        """Keep one call, and drop some whose time is over.

        Raises: StoreUnavailable.
        """
        now = self._clock.now()
        body: dict[str, Any] = {
            "snapshot_hash": request.snapshot_hash,
            "instrument": request.asker,
            "prompt_id": request.prompt_id,
            "provider": provider,
            "asked_us": to_micros(now),
            "expires_us": to_micros(now + self._keep),
            "system": request.system,
            "prompt": request.prompt,
            "answer": answer,
            "failure": failure,
        }
        await self._drop_expired(_SWEPT)
        await self._documents.commit([Create(Key("model_calls", (self._entropy.token(),)), body)])

    async def sweep(self) -> int:
        """Drop every call whose time is over, also where nothing is asked any more; count them.

        Raises: StoreUnavailable.
        """
        total = 0
        while dropped := await self._drop_expired(_AT_ONCE):
            total += dropped
        return total

    async def _drop_expired(self, limit: int) -> int:
        below = to_micros(self._clock.now())
        query = Query("model_calls", (), order_by="expires_us", below=below, limit=limit)
        page = await self._documents.scan(query)
        if page.documents:
            await self._documents.commit([Delete(found.key) for found in page.documents])
        return len(page.documents)

    async def behind(self, snapshot_hash: str) -> list[Body]:
        """List the calls that were made for a snapshot and are still to be kept, by time.

        Raises: StoreUnavailable.
        """
        where = {"snapshot_hash": snapshot_hash}
        query = Query("model_calls", (), where, order_by="asked_us")
        kept, now = every(self._documents, query), to_micros(self._clock.now())
        return [found.body async for found in kept if found.body["expires_us"] > now]
