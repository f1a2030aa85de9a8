"""News of the shares, funds and coins that the registry knows, from Alpaca: headline and summary.

Source: docs.alpaca.markets/reference/news-3 (read 2026-11-25).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.domain.errors import AuthRejected, ContractBroken
from shared.domain.time import Instant, iso
from shared.market.news import News, NewsItem
from shared.market.providers.alpaca_data import HOST, AlpacaKeys
from shared.market.providers.asking import Ask, Asker, Refused, read_object
from shared.market.registry import load_series

_PATH = "/v1beta1/news"
_PAGE = "50"  # the most that a page holds
_PAGES = 400  # of one question: 20,000 articles are more than a month brings


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: int
    headline: str
    summary: str
    created_at: Instant
    updated_at: Instant
    url: str | None = None
    symbols: tuple[str, ...]


class AlpacaNews:
    """Benzinga's articles as Alpaca passes them on, without their texts."""

    source = "alpaca-news"

    def __init__(self, asker: Asker, keys: AlpacaKeys, *, host: str = HOST) -> None:
        self._asker = asker
        self._keys = keys
        self._host = host

    async def fetch(self, since: datetime, until: datetime) -> News:
        """Return the articles of a span, oldest first; a row that is none is named.

        Raises: RateLimited, UpstreamUnavailable, AuthRejected, RequestRejected, NotFound,
        ContractBroken.
        """
        params = {
            "symbols": ",".join(_symbols()),
            "start": iso(since),
            "end": iso(until),
            "limit": _PAGE,
            "sort": "asc",
            "include_content": "false",
        }
        items, rejected = list[NewsItem](), list[str]()
        for _ in range(_PAGES):
            body = await self._ask(params)
            _read(body, items, rejected)
            token = body.get("next_page_token")
            if token is None:
                return News(tuple(items), tuple(rejected))
            params |= {"page_token": str(token)}
        raise ContractBroken(f"Alpaca news: {_PAGES} pages, without end")

    async def _ask(self, params: Mapping[str, str]) -> dict[str, Any]:
        ask = Ask(self._host, _PATH, params, headers=self._keys.headers)
        try:
            return read_object(await self._asker.ask(ask), "Alpaca news")
        except Refused as error:
            if error.status == 403:
                raise AuthRejected(str(error)) from error
            raise


def _symbols() -> list[str]:
    named = (series.providers.get("alpaca") for series in load_series().values())
    return sorted(name.replace("/", "") for name in named if name)


def _read(body: Mapping[str, Any], items: list[NewsItem], rejected: list[str]) -> None:
    rows = body.get("news")
    if not isinstance(rows, list):
        raise ContractBroken("Alpaca news: expected `news`, a list")
    for raw in rows:
        try:
            row = _Row.model_validate(raw)
        except ValidationError as error:
            rejected.append(f"an article that is none ({error.error_count()} faults)")
            continue
        items.append(
            NewsItem(
                id=str(row.id),
                source=AlpacaNews.source,
                published_at=row.created_at,
                updated_at=row.updated_at,
                headline=row.headline,
                summary=row.summary,
                url=row.url or "",
                symbols=row.symbols,
            )
        )
