"""What a trader says of their trades over HTTP: notes, tags, plans, ratings, exclusions."""

from typing import Annotated as Is

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from shared.domain.annotation import Annotation, Exclusion, Plan, Subject, Tags
from shared.domain.ids import AccountKey, RowKey, UserId
from shared.domain.time import Instant
from shared.http.identity import Identify
from shared.journal.annotations.store import Annotated, Annotations


class Said(BaseModel):
    """All that is said of one subject, over what was said before; `excluded` is a reason."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(default="", max_length=20_000)
    tags: Tags = ()
    plan: Plan = Plan()
    rating: int | None = Field(default=None, ge=1, le=5)
    excluded: str | None = Field(default=None, min_length=1, max_length=500)


class AnnotationView(BaseModel):
    """What was said of a row of the log, or of the round trip that it opened."""

    account_key: AccountKey
    subject: Subject
    row: RowKey
    note: str
    tags: tuple[str, ...]
    plan: Plan
    rating: int | None
    exclusion: Exclusion | None
    updated_at: Instant


class AnnotationList(BaseModel):
    """All that a user says, by the time of what it is said of."""

    items: list[AnnotationView]


def annotations_router(annotations: Annotations, identify: Identify) -> APIRouter:
    """Make the routes; `identify` names the user of a request or refuses it."""
    router = APIRouter()
    User = Is[UserId, Depends(identify)]  # noqa: N806 - a type

    @router.get("/v1/annotations")
    async def list_all(user: User) -> AnnotationList:
        """All that the user says of their trades."""
        return AnnotationList(items=[_view(one) for one in await annotations.all(user)])

    @router.put("/v1/annotations/{subject}/{row}")
    async def say(user: User, subject: Subject, row: RowKey, said: Said) -> AnnotationView:
        """Keep what is said of an execution, or of the round trip that it opened."""
        plain = Annotation.model_validate(said.model_dump(exclude={"excluded"}))
        return _view(await annotations.restate(user, subject, row, plain, said.excluded))

    @router.delete("/v1/annotations/{subject}/{row}", status_code=204)
    async def take_back(user: User, subject: Subject, row: RowKey) -> None:
        """Take everything back that was said, an exclusion too."""
        await annotations.say(user, subject, row, Annotation())

    return router


def _view(one: Annotated) -> AnnotationView:
    said = one.said
    return AnnotationView(
        account_key=one.account_key,
        subject=one.subject,
        row=one.anchor,
        note=said.note,
        tags=said.tags,
        plan=said.plan,
        rating=said.rating,
        exclusion=said.exclusion,
        updated_at=one.updated_at,
    )
