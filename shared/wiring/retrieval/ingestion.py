"""The way into the index of texts, which refresh_market and a backfill take."""

from datetime import timedelta

from shared.bias.evidence.feeds import Articles, DayStates, Feed, Releases
from shared.bias.evidence.ingestion import Ingestion
from shared.bias.evidence.progress import Progress
from shared.config import BiasSettings
from shared.market.news import NewsStore
from shared.market.providers.alpaca_news import AlpacaNews
from shared.market.registry import load_instruments
from shared.market.store import MarketStore
from shared.wiring.foundation import Foundation
from shared.wiring.retrieval.opening import Retrieval


def open_ingestion(
    retrieval: Retrieval | None, settings: BiasSettings, base: Foundation
) -> Ingestion | None:
    """Make the way into the index, where there is one: news first, then events, then past days."""
    if retrieval is None:
        return None
    ports = base.documents, base.clock, base.entropy
    market = MarketStore(*ports)
    days = (DayStates(market, instrument) for instrument in load_instruments().values())
    feeds: list[Feed] = [
        Articles(NewsStore(*ports), AlpacaNews.source),
        Releases(market, settings.calendar_source),
        *days,
    ]
    return Ingestion(
        retrieval.shelves,
        feeds,
        Progress(*ports, index=f"{retrieval.embedder.model}.{retrieval.embedder.dimension}"),
        base.clock,
        keep=timedelta(days=settings.retrieval_keep_days),
    )
