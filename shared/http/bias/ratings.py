"""Ratings of biases over HTTP: a user's own, one a bias."""

from datetime import date
from typing import Annotated as Is

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from shared.bias.ratings import Rating, Ratings
from shared.domain.bias import Moment
from shared.domain.ids import UserId
from shared.http.identity import Identify


class StatedRating(BaseModel):
    """From 1 (useless) to 5 (useful)."""

    model_config = ConfigDict(extra="forbid")

    rating: int = Field(ge=1, le=5)


class RatingList(BaseModel):
    """What a user has rated, by session."""

    items: list[Rating]


def ratings_router(ratings: Ratings, identify: Identify) -> APIRouter:
    """Make the routes; `identify` names the user of a request or refuses it."""
    router = APIRouter()
    User = Is[UserId, Depends(identify)]  # noqa: N806 - a type

    @router.get("/v1/ratings")
    async def list_all(
        user: User, since: Is[date | None, Query(description="first session")] = None
    ) -> RatingList:
        """All that the user has rated."""
        return RatingList(items=await ratings.of_user(user, since))

    @router.put("/v1/ratings/{symbol}/{session}/{moment}")
    async def rate(
        user: User, symbol: str, session: date, moment: Moment, stated: StatedRating
    ) -> Rating:
        """Rate a bias; rated again, the new rating stands."""
        return await ratings.rate(user, symbol, session, moment, stated.rating)

    @router.delete("/v1/ratings/{symbol}/{session}/{moment}", status_code=204)
    async def take_back(user: User, symbol: str, session: date, moment: Moment) -> None:
        """Take a rating back."""
        await ratings.take_back(user, symbol, session, moment)

    return router
