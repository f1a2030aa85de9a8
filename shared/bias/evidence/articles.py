"""News as documents: each version of an article, with the instruments that it concerns."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache

from shared.domain.market.instrument import Instrument, InstrumentClass
from shared.domain.passage import PassageKind
from shared.market.news import NewsItem
from shared.market.registry import LEADERS, load_instruments, load_series
from shared.retrieval.documents import RetrievalDocument

_PROVIDER = "alpaca"  # whose names of series the articles carry
_LED = (InstrumentClass.INDEX_FUTURE, InstrumentClass.ETF)  # what the seven leaders move


def article_document(item: NewsItem, fetched_at: datetime) -> RetrievalDocument:
    """Make a document of one version of an article, known from its fetch on."""
    concerned = concerns(item.symbols)
    return RetrievalDocument(
        kind=PassageKind.NEWS,
        source=item.source,
        name=item.id,
        title=item.headline.strip() or "(no headline)",
        text=item.summary,
        url=item.url,
        known_at=fetched_at,
        happened_at=min(item.updated_at, fetched_at),
        instruments=tuple(i.symbol for i in concerned),
        classes=tuple(dict.fromkeys(i.asset_class for i in concerned)),
        currencies=tuple(dict.fromkeys(i.currency for i in concerned)),
    )


def concerns(symbols: Iterable[str]) -> Sequence[Instrument]:
    """Return the instruments that an article with these symbols concerns.

    Shape: those whose own series or stand-in is named, and with a leader those that leaders move.
    """
    named = {_series()[s] for s in symbols if s in _series()}
    led = not named.isdisjoint(LEADERS)
    return [
        instrument
        for instrument in load_instruments().values()
        if any(source.series in named for source in instrument.sources)
        or (led and instrument.asset_class in _LED)
    ]


@cache
def _series() -> Mapping[str, str]:
    names = {s.providers.get(_PROVIDER): symbol for symbol, s in load_series().items()}
    return {name.replace("/", ""): symbol for name, symbol in names.items() if name}
