"""Service levels over HTTP: for anybody, since there is nothing of any user in them."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from shared.domain.sync.service_level import ServiceLevel
from shared.journal.service_levels.queries import ServiceLevelQueries

_LONGEST = 366


class ServiceLevels(BaseModel):
    """Every broker's days, newest first; a day that no sweep has seen is missing."""

    items: list[ServiceLevel]


def service_levels_router(queries: ServiceLevelQueries) -> APIRouter:
    """Make the route; it asks nobody who they are."""
    router = APIRouter()

    @router.get("/v1/service-levels")
    async def service_levels(
        days: Annotated[int, Query(ge=1, le=_LONGEST, description="days back, with today")] = 30,
    ) -> ServiceLevels:
        """How well each broker was synchronized, by day: success, freshness, completeness."""
        return ServiceLevels(items=await queries.recent(days))

    return router
