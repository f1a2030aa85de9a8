"""The scorecard in the document store: its scores, and the figures as they were worked out last."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from shared.bias.scorecard.cutoffs import load_cutoffs
from shared.bias.scorecard.live import Score, scorecard
from shared.domain.errors import Conflict
from shared.domain.ids import canonical_json
from shared.domain.market.instrument import Instrument
from shared.domain.time import iso
from shared.forecast.chain import read_link
from shared.ports import Clock, Create, Documents, ForecastChain, Key, Query, Update
from shared.scanning import every

_LIVE = Key("scorecards", ("live",))
FORMAT = "daybias scorecard, version 1"


@dataclass(frozen=True, slots=True)
class Span:
    """The sessions to look at, both ends included; None leaves an end open."""

    since: date | None = None
    until: date | None = None


class Scorecards:
    """Reads scores, works the figures out, and hands all of it to whoever wants to verify it."""

    def __init__(
        self, documents: Documents, instruments: Mapping[str, Instrument], clock: Clock
    ) -> None:
        self._documents = documents
        self._instruments = instruments
        self._clock = clock

    async def scores(self, span: Span = Span()) -> list[Score]:
        """Return the scores of a span by session.

        Raises: StoreUnavailable.
        """
        query = Query(
            "scores",
            parent=(),
            order_by="session",
            at_least=span.since.isoformat() if span.since else None,
            below=(span.until + timedelta(days=1)).isoformat() if span.until else None,
        )
        return [document.body async for document in every(self._documents, query)]

    async def work_out(self, span: Span = Span()) -> dict[str, Any]:
        """Work out the figures of a span now.

        Raises: StoreUnavailable.
        """
        now, scores = self._clock.now(), await self.scores(span)
        return await asyncio.to_thread(scorecard, scores, self._instruments, load_cutoffs(), now)

    async def latest(self) -> dict[str, Any] | None:
        """Return the figures that were worked out last, None before the first time.

        Raises: StoreUnavailable.
        """
        (found,) = await self._documents.get_many([_LIVE])
        return None if found is None else dict(json.loads(found.body["body"]))

    async def refresh(self) -> bool:
        """Work the figures out anew unless that was done today (UTC); tell whether it was now.

        Shape: scores of a day come in as its markets close; after midnight all of them are there.
        Idempotent: of two at once one is kept; both saw the same scores.
        Raises: StoreUnavailable.
        """
        (found,) = await self._documents.get_many([_LIVE])
        today = self._clock.now().date().isoformat()
        if found is not None and found.body["day"] == today:
            return False
        card = await self.work_out()
        if not card["n"] and not card["left_out"]:
            return False
        body = {"day": today, "body": canonical_json(card)}
        write = Create(_LIVE, body) if found is None else Update(_LIVE, body, found.version)
        try:
            await self._documents.commit([write])
        except Conflict:
            return False
        return True


class Download:
    """Everything that an outsider needs, as lines of JSON: links, scores, published figures."""

    def __init__(self, chain: ForecastChain, cards: Scorecards, clock: Clock) -> None:
        self._chain = chain
        self._cards = cards
        self._clock = clock

    async def lines(self) -> AsyncIterator[bytes]:
        """Yield the lines; the first says what they are, and comes when all is read.

        Raises: StoreUnavailable, ContractBroken when a link is no link any more.
        """
        kept, scores = await self._chain.read(), await self._cards.scores()
        links = [read_link(one.content).model_dump(mode="json") for one in kept]
        card = await self._cards.latest()
        yield _line({"format": FORMAT, "downloaded_at": iso(self._clock.now())})
        for one, link in zip(kept, links, strict=True):
            created_at = iso(one.created_at)
            yield _line({"number": one.number, "created_at": created_at, "link": link})
        for score in scores:
            yield _line({"score": score})
        if card is not None:
            yield _line({"scorecard": card})


def _line(content: Mapping[str, Any]) -> bytes:
    return canonical_json(content).encode() + b"\n"
