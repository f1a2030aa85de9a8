"""Composition root of score_bias: the hourly upkeep of the bias half."""

from datetime import timedelta

from starlette.applications import Starlette

from shared.bias.past.past_days import KeepPastDays
from shared.bias.record.links import RecentLinks
from shared.config import BiasSettings, load
from shared.domain.time import NEW_YORK
from shared.http.consumers.app import job_app
from shared.http.delegate import Delegate
from shared.market.news import NewsStore
from shared.market.registry import load_instruments
from shared.market.store import MarketStore
from shared.ports import ForecastChain
from shared.wiring.chain import open_chain
from shared.wiring.foundation import Foundation, and_close, shut_doors, stand_on
from shared.wiring.models.audit import model_calls
from shared.wiring.scorer import bias_scorer, scorecards

# A score waits until its bar has come; a provider may be as late as a long weekend.
_LOOK_BACK_DAYS = 7


def score_function() -> Delegate:
    """Make the function that scores forecasts of record."""
    return Delegate(build_score)


def build_score(
    *,
    settings: BiasSettings | None = None,
    foundation: Foundation | None = None,
    chain: ForecastChain | None = None,
) -> Starlette:
    """Put the app together.

    Raises: ConfigError.
    """
    settings = settings or load(BiasSettings)
    base, lifespan = stand_on(settings, foundation)
    chain = chain or open_chain(settings, base.clock)
    lifespan = and_close(lifespan, chain.close)
    scorer, links = bias_scorer(base), RecentLinks(chain, base.clock)
    cards = scorecards(base)
    past_days, asked = past_days_keeper(base, settings), model_calls(settings, base)
    news = NewsStore(base.documents, base.clock, base.entropy)
    keep_news = timedelta(days=settings.news_keep_days)

    async def score() -> dict[str, object]:
        # first: no failure of a score may keep a prompt or an article for longer
        dropped = {
            "prompts_dropped": await asked.sweep(),
            "news_dropped": await news.forget(base.clock.now() - keep_news),
        }
        today = base.clock.now().astimezone(NEW_YORK).date()
        days = [today - timedelta(days=back) for back in reversed(range(_LOOK_BACK_DAYS))]
        committed = await links.commitments()
        sessions = [await scorer.score(day, committed) for day in days]
        month = await scorer.close_month()
        added = await past_days.bring(load_instruments().values())
        report = {"sessions": sessions, "month_closed": month, "past_days": added}
        return {**report, "scorecard": await cards.refresh(), **dropped}

    return shut_doors(job_app("score_bias", score, lifespan=lifespan), settings)


def past_days_keeper(base: Foundation, settings: BiasSettings) -> KeepPastDays:
    """Make the use case that adds each closed session to the past days of its instrument."""
    market = MarketStore(base.documents, base.clock, base.entropy)
    source = settings.calendar_source
    return KeepPastDays(base.documents, market, base.clock, base.entropy, calendar_source=source)
