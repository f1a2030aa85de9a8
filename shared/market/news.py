"""News as it was known: every version of an article, with its fetch time, until it is forgotten."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from shared.domain.time import Instant, from_micros, to_micros
from shared.ports import Body, Clock, Create, Delete, Documents, Entropy, Key, Query
from shared.retry import compare_and_set
from shared.scanning import pages

_BATCH = 100
_FIRST = timedelta(days=3)
_OVERLAP = timedelta(hours=2)  # an article may be told late; one that is known writes nothing


class NewsItem(BaseModel):
    """One version of an article.

    Shape: `id` is the source's own; `symbols` as the source names them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    source: str
    published_at: Instant
    updated_at: Instant
    headline: str
    summary: str
    url: str
    symbols: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class News:
    """Articles, and in words what of the answer is none."""

    items: tuple[NewsItem, ...]
    rejected: tuple[str, ...] = ()


class NewsProvider(Protocol):
    """A source of articles."""

    @property
    def source(self) -> str:
        """Name its articles in the store."""
        ...

    async def fetch(self, since: datetime, until: datetime) -> News:
        """Return what was written or changed in a span.

        Raises: RetryableError, PermanentError.
        """
        ...


class NewsStore:
    """Articles, readable as of any instant."""

    def __init__(self, documents: Documents, clock: Clock, entropy: Entropy) -> None:
        self._documents = documents
        self._clock = clock
        self._entropy = entropy

    async def bring(self, provider: NewsProvider, now: datetime) -> tuple[int, News]:
        """Fetch what is new since the newest fetch, and tell how many versions that were.

        Idempotent: a version that is there writes nothing.
        Raises: RetryableError, PermanentError.
        """
        newest = await self._newest(provider.source, now)
        since = newest - _OVERLAP if newest else now - _FIRST
        news = await provider.fetch(since, now)
        return await self.put(news.items, now), news

    async def put(self, items: Sequence[NewsItem], fetched_at: datetime) -> int:
        """Keep versions that are not there yet and count them."""
        by_key = {_key(item): item for item in items}
        keys, added = list(by_key), 0
        for start in range(0, len(keys), _BATCH):
            batch = keys[start : start + _BATCH]
            added += await self._put({key: by_key[key] for key in batch}, fetched_at)
        return added

    async def _put(self, items: dict[Key, NewsItem], fetched_at: datetime) -> int:
        async def add() -> int:
            found = await self._documents.get_many(list(items))
            unknown = [key for key, doc in zip(items, found, strict=True) if doc is None]
            if unknown:
                writes = [Create(key, _body(items[key], fetched_at)) for key in unknown]
                await self._documents.commit(writes)
            return len(unknown)

        return await compare_and_set(self._clock, self._entropy, add)

    async def arrived(
        self, source: str, since: datetime, until: datetime
    ) -> AsyncIterator[list[tuple[datetime, NewsItem]]]:
        """Yield the versions fetched from `since` to `until`, a page at a time, oldest fetch first.

        Shape: each with its fetch time; both ends are part of the span.
        Raises: StoreUnavailable.
        """
        query = Query(
            "news",
            parent=(),
            where={"source": source},
            order_by="fetched_us",
            at_least=to_micros(since),
            below=to_micros(until) + 1,
            limit=_BATCH,
        )
        async for page in pages(self._documents, query):
            yield [_read(document.body) for document in page]

    async def forget(self, until: datetime) -> int:
        """Have no version any more that was fetched at `until` or before, and count them.

        Idempotent: a run that was cut goes on.
        Raises: StoreUnavailable.
        """
        old = Query("news", (), order_by="fetched_us", below=to_micros(until) + 1, limit=_BATCH)
        total = 0
        while found := (await self._documents.scan(old)).documents:
            await self._documents.commit([Delete(document.key) for document in found])
            total += len(found)
        return total

    async def _newest(self, source: str, as_of: datetime) -> datetime | None:
        page = await self._documents.scan(
            Query(
                "news",
                parent=(),
                where={"source": source},
                order_by="fetched_us",
                below=to_micros(as_of) + 1,
                descending=True,
                limit=1,
            )
        )
        return _read(page.documents[0].body)[0] if page.documents else None


def _read(body: Body) -> tuple[datetime, NewsItem]:
    return from_micros(body["fetched_us"]), NewsItem.model_validate_json(body["item"])


def _key(item: NewsItem) -> Key:
    return Key("news", (f"{item.source}-{item.id}-{to_micros(item.updated_at)}",))


def _body(item: NewsItem, fetched_at: datetime) -> dict[str, str | int]:
    fetched_us = to_micros(fetched_at)
    return {"source": item.source, "fetched_us": fetched_us, "item": item.model_dump_json()}
