"""Service levels over HTTP: for anybody, since there is nothing of any user in them."""

from typing import Annotated

from fastapi import FastAPI, Query
from pydantic import BaseModel

from shared.domain.service_level import ServiceLevel
from shared.journal.service_levels.queries import ServiceLevelQueries

_LONGEST = 366


class ServiceLevels(BaseModel):
    """Every broker's days, newest first; a day that no sweep has seen is missing."""

    items: list[ServiceLevel]


def add_service_levels(app: FastAPI, queries: ServiceLevelQueries) -> None:
    """Add the route to the journal's app."""

    @app.get("/v1/service-levels")
    async def service_levels(
        days: Annotated[int, Query(ge=1, le=_LONGEST, description="days back, with today")] = 30,
    ) -> ServiceLevels:
        """How well each broker was synchronized, by day: success, freshness, completeness."""
        return ServiceLevels(items=await queries.recent(days))
