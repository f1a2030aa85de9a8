"""Composition root of score_bias."""

from datetime import timedelta

from starlette.applications import Starlette

from shared.bias.score import ScoreReport
from shared.config import Settings, load
from shared.domain.time import NEW_YORK
from shared.http.consumer_app import job_app
from shared.http.delegate import Delegate
from shared.wiring.foundation import Foundation, shut_doors, stand_on
from shared.wiring.scorer import bias_scorer

# A score waits until its bar has come; a provider may be as late as a long weekend.
_LOOK_BACK_DAYS = 7


def score_function() -> Delegate:
    """Make the function that scores forecasts of record."""
    return Delegate(build_score)


def build_score(
    *, settings: Settings | None = None, foundation: Foundation | None = None
) -> Starlette:
    """Put the app together.

    Raises: ConfigError.
    """
    settings = settings or load(Settings)
    base, lifespan = stand_on(settings, foundation)
    scorer = bias_scorer(base)

    async def score() -> dict[str, list[ScoreReport] | str | None]:
        today = base.clock.now().astimezone(NEW_YORK).date()
        days = [today - timedelta(days=back) for back in reversed(range(_LOOK_BACK_DAYS))]
        sessions = [await scorer.score(day) for day in days]
        return {"sessions": sessions, "month_closed": await scorer.close_month()}

    return shut_doors(job_app("score_bias", score, lifespan=lifespan), settings)
