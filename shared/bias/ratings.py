"""What users think of biases: one rating a user and bias, changed by rating it again."""

from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.bias import Bias, Moment
from shared.domain.errors import NotFound
from shared.domain.ids import UserId, content_key
from shared.domain.time import Instant, from_micros, to_micros
from shared.ports import Clock, Create, Delete, Document, Documents, Entropy, Key, Query, Update
from shared.retry import compare_and_set
from shared.scanning import every

USEFUL, USELESS = 5, 1  # how a plain yes or no is kept


class Rating(BaseModel):
    """One user's rating of one bias, from 1 (useless) to 5 (useful)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instrument: str
    session: date
    moment: Moment
    rating: int = Field(ge=1, le=5)
    snapshot_hash: str
    prompt_set: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Ratings:
    """The use cases: rate, take back, look up."""

    documents: Documents
    clock: Clock
    entropy: Entropy

    async def rate(
        self, user_id: UserId, instrument: str, session: date, moment: Moment, rating: int
    ) -> Rating:
        """Keep a rating of the newest stored answer of a moment, over an earlier rating of it.

        Raises: NotFound when there is no such bias, StoreUnavailable.
        """
        bias = await self._bias(instrument, session, moment)
        given = Rating(
            instrument=instrument,
            session=session,
            moment=moment,
            rating=rating,
            snapshot_hash=bias.snapshot_hash,
            prompt_set=bias.prompt_set,
            at=self.clock.now(),
        )
        key = _key(user_id, instrument, session, moment)

        async def write() -> None:
            (found,) = await self.documents.get_many([key])
            change = (
                Update(key, _body(given), found.version) if found else Create(key, _body(given))
            )
            await self.documents.commit([change])

        await compare_and_set(self.clock, self.entropy, write)
        return given

    async def take_back(
        self, user_id: UserId, instrument: str, session: date, moment: Moment
    ) -> None:
        """Forget a rating.

        Idempotent: what is not there stays so.
        Raises: StoreUnavailable.
        """
        key = _key(user_id, instrument, session, moment)

        async def write() -> None:
            (found,) = await self.documents.get_many([key])
            if found is not None:
                await self.documents.commit([Delete(key, found.version)])

        await compare_and_set(self.clock, self.entropy, write)

    async def of_user(self, user_id: UserId, since: date | None = None) -> list[Rating]:
        """List a user's ratings by session, from one on if it is given.

        Raises: StoreUnavailable.
        """
        first = None if since is None else since.isoformat()
        query = Query("ratings", (user_id,), order_by="session", at_least=first)
        return [_rating(found) async for found in every(self.documents, query)]

    async def between(self, since: date, until: date) -> list[Rating]:
        """List all users' ratings of a span of sessions, without saying whose they are.

        Raises: StoreUnavailable.
        """
        query = Query(
            "ratings",
            None,
            order_by="session",
            at_least=since.isoformat(),
            below=f"{until.isoformat()}~",
        )
        return [_rating(found) async for found in every(self.documents, query)]

    async def _bias(self, instrument: str, session: date, moment: Moment) -> Bias:
        query = Query(
            "biases",
            (),
            {"instrument": instrument, "session": session.isoformat()},
            order_by="as_of_us",
            descending=True,
        )
        async for found in every(self.documents, query):
            if found.body["moment"] == str(moment):
                return Bias.model_validate_json(found.body["body"])
        raise NotFound(f"there is no {moment} bias of {instrument} for {session}")


def _key(user_id: UserId, instrument: str, session: date, moment: Moment) -> Key:
    return Key("ratings", (user_id, content_key(instrument, session.isoformat(), str(moment))))


def _body(given: Rating) -> dict[str, object]:
    return given.model_dump(mode="json", exclude={"at"}) | {"at_us": to_micros(given.at)}


def _rating(found: Document) -> Rating:
    fields = {name: value for name, value in found.body.items() if name != "at_us"}
    return Rating.model_validate(fields | {"at": from_micros(found.body["at_us"])})
