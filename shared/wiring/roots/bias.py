"""Composition root of bias."""

from starlette.applications import Starlette

from shared.analyst.accounts.ledger import Ledger
from shared.analyst.health import ModelHealths
from shared.bias.compute import Sources
from shared.bias.record.sealing import ChainKeeper, RecordRound
from shared.bias.scorecard.store import Download
from shared.bias.serving.service import BiasService
from shared.config import BiasSettings, load
from shared.http.bias.app import bias_app
from shared.http.bias.models import add_models
from shared.http.delegate import Delegate
from shared.http.public.costs import costs_router
from shared.http.public.scorecard import scorecard_router
from shared.market.registry import load_instruments
from shared.market.store import MarketStore
from shared.ports import ForecastChain
from shared.wiring.chain import open_chain
from shared.wiring.foundation import Foundation, and_close, shut_doors, stand_on
from shared.wiring.models.analysts import Analysts, open_analysts
from shared.wiring.retrieval.opening import Retrieval
from shared.wiring.retrieval.server import handed_in_or_server
from shared.wiring.scorer import bias_scorer, scorecards


def bias_function() -> Delegate:
    """Make the function that answers with biases and records forecasts."""
    return Delegate(build_bias)


async def build_bias(
    *,
    settings: BiasSettings | None = None,
    foundation: Foundation | None = None,
    chain: ForecastChain | None = None,
    retrieval: Retrieval | None = None,
) -> Starlette:
    """Put the app together.

    Raises: ConfigError, StoreUnavailable when the model's key cannot be read.
    """
    settings = settings or load(BiasSettings)
    base, lifespan = stand_on(settings, foundation)
    analysts = await open_analysts(settings, base)
    healths = ModelHealths(analysts.models.found, analysts.models.absent)
    healths.begin()
    lifespan = and_close(and_close(lifespan, analysts.close), healths.close)
    chain = chain or open_chain(settings, base.clock)
    lifespan = and_close(lifespan, chain.close)

    retrieval, lifespan = await handed_in_or_server(
        retrieval, settings, base, analysts.guards, lifespan
    )
    service, known = bias_service(settings, base, analysts, retrieval), load_instruments()
    lifespan = and_close(lifespan, service.close)
    keeper = ChainKeeper(chain, base.documents, known, base.clock, base.entropy)
    round_ = RecordRound(service, keeper, known, base.clock)
    app = bias_app(service, known, round_, bias_scorer(base).scores, lifespan=lifespan)
    app.include_router(costs_router(Ledger(base.documents)))
    add_models(app, lambda: healths.known)
    cards = scorecards(base)
    app.include_router(scorecard_router(cards, Download(chain, cards, base.clock)))
    return shut_doors(app, settings)


def bias_service(
    settings: BiasSettings, base: Foundation, analysts: Analysts, retrieval: Retrieval | None
) -> BiasService:
    """Make the use case."""
    market = MarketStore(base.documents, base.clock, base.entropy)
    return BiasService(
        Sources(
            market,
            base.documents,
            analysts.guards.cache,
            base.clock,
            base.entropy,
            settings.calendar_source,
            None if retrieval is None else retrieval.search,
        ),
        analysts.router,
        load_instruments(),
        cache_ttl_s=settings.cache_ttl_s,
        deadline_s=settings.deadline_s,
    )
