"""Composition root of refresh_market."""

from starlette.applications import Starlette

from shared.config import BiasSettings, load
from shared.http.consumers.app import job_app
from shared.http.delegate import Delegate
from shared.market.arrivals import Arrivals
from shared.market.news import NewsStore
from shared.market.refresh import RefreshMarket
from shared.market.store import MarketStore
from shared.wiring.feeds import Feeds, open_feeds
from shared.wiring.foundation import Foundation, and_close, shut_doors, stand_on
from shared.wiring.models.guards import open_guards
from shared.wiring.retrieval.ingestion import open_ingestion
from shared.wiring.retrieval.opening import Retrieval
from shared.wiring.retrieval.server import handed_in_or_server


def market_function() -> Delegate:
    """Make the function that brings bars, calendar and news up to now."""
    return Delegate(build_market)


async def build_market(
    *,
    settings: BiasSettings | None = None,
    foundation: Foundation | None = None,
    retrieval: Retrieval | None = None,
) -> Starlette:
    """Put the app together.

    Raises: ConfigError, StoreUnavailable when a provider's key cannot be read.
    """
    settings = settings or load(BiasSettings)
    base, lifespan = stand_on(settings, foundation)
    feeds = await open_feeds(settings, base)
    lifespan = and_close(lifespan, feeds.close)
    guards = open_guards(settings, base)  # of the embeddings: no model is asked here
    lifespan = and_close(lifespan, guards.close)
    retrieval, lifespan = await handed_in_or_server(retrieval, settings, base, guards, lifespan)
    arrivals = open_ingestion(retrieval, settings, base)
    use_case = market_refresh(feeds, base, settings, arrivals)
    app = job_app("refresh_market", use_case.refresh, lifespan=lifespan)
    return shut_doors(app, settings)


def market_refresh(
    feeds: Feeds, base: Foundation, settings: BiasSettings, arrivals: Arrivals | None = None
) -> RefreshMarket:
    """Make the use case; without any provider its report says what is missing."""
    store = MarketStore(base.documents, base.clock, base.entropy)
    articles = NewsStore(base.documents, base.clock, base.entropy)
    news = None if feeds.news is None else (articles, feeds.news)
    return RefreshMarket(
        store,
        base.clock,
        feeds.bars,
        feeds.calendar,
        news=news,
        arrivals=arrivals,
        most_bytes=settings.market_bytes,
    )
