"""What models cost over HTTP: sums of a day, nothing of any user in them."""

from datetime import date

from fastapi import APIRouter
from pydantic import BaseModel

from shared.analyst.accounts.costs import By, CostLine, line_of, sum_by
from shared.analyst.accounts.ledger import Ledger


class Costs(BaseModel):
    """What was asked of models on a day (UTC), summed; an unknown cost is null, never 0."""

    day: date
    by: By
    total: CostLine
    items: list[CostLine]


def costs_router(ledger: Ledger) -> APIRouter:
    """Make the route."""
    router = APIRouter()

    @router.get("/v1/bias/costs/{day}")
    async def costs(day: date, by: By = By.STEP) -> Costs:
        """Tokens, cached tokens and cost of a day by step, instrument, provider, prompt ..."""
        uses = await ledger.of_day(day)
        return Costs(day=day, by=by, total=line_of("total", uses), items=sum_by(uses, by))

    return router
