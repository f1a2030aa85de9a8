"""Versioned messages on the bus; a consumer accepts its own version and the one before."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import from_json

from shared.domain.errors import InvalidInput
from shared.domain.ids import AccountKey, ConnectionId, RowKey, UserId
from shared.domain.row_body import RowBody
from shared.domain.time import Instant

# A page is stored in one atomic batch of at most 450 writes, and a revised row takes two of them.
MAX_PAGE_ROWS = 200


class Message(BaseModel):
    """A frozen message: `version` travels with it, `upgrade` lifts the version before."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    topic: ClassVar[str]
    current_version: ClassVar[int] = 1

    version: int = 1

    def encode(self) -> bytes:
        """Render as JSON bytes; decimals are strings."""
        return self.model_dump_json().encode()

    @classmethod
    def upgrade(cls, body: dict[str, Any]) -> dict[str, Any]:
        """Lift a body of the version before to the current one."""
        return {**body, "version": cls.current_version}

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a message of the current version or the one before.

        Raises: InvalidInput for other versions, bad JSON or a body that breaks the schema.
        """
        try:
            body = from_json(data)
        except ValueError as error:
            raise InvalidInput(f"{cls.__name__}: not JSON") from error
        if not isinstance(body, dict):
            raise InvalidInput(f"{cls.__name__}: expected an object, found {type(body).__name__}")
        try:
            return cls.model_validate(cls._current(body))
        except ValidationError as error:
            places = sorted({".".join(str(p) for p in e["loc"]) for e in error.errors()})
            raise InvalidInput(f"{cls.__name__}: invalid at {', '.join(places[:5])}") from error
        except KeyError as error:
            raise InvalidInput(f"{cls.__name__}: {error} is missing") from error

    @classmethod
    def _current(cls, body: dict[str, Any]) -> dict[str, Any]:
        known = [v for v in (cls.current_version - 1, cls.current_version) if v >= 1]
        version = body.get("version")
        if type(version) is not int or version not in known:  # True == 1, but is no version
            raise InvalidInput(
                f"{cls.__name__}: version {version!r} is not known",
                expected=[str(v) for v in known],
            )
        return body if version == cls.current_version else cls.upgrade(body)


class SyncRequested(Message):
    """One connection is due; goes to the broker's own topic `sync-<broker>`."""

    topic: ClassVar[str] = "sync"

    user_id: UserId
    connection_id: ConnectionId
    broker: str
    reason: str  # tick, manual, resync, continue, watch
    requested_at: Instant

    def topic_name(self) -> str:
        """Name the broker's topic, so that a slow broker holds up nobody."""
        return f"{self.topic}-{self.broker}"


@dataclass(frozen=True, slots=True)
class ObservedRow:
    """A parsed row, in its written form, with the key that its broker's identity fields give."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    key: RowKey
    row: RowBody


class UnreadRow(BaseModel):
    """A row that could not be parsed: kept raw, with the reason, to be replayed after a fix."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: str
    reason: str
    raw: str


class ExecutionsObserved(Message):
    """One page of one run, parsed; (account, run, page) is its receipt number.

    Shape: at most 200 rows, read and unread together: a publisher splits a larger page.
    """

    topic: ClassVar[str] = "executions"

    user_id: UserId
    connection_id: ConnectionId
    broker: str
    environment: str
    account_id: str
    account_key: AccountKey
    run: int = Field(ge=1)
    page: int = Field(ge=0)
    observed_at: Instant
    rows: tuple[ObservedRow, ...] = ()
    unread: tuple[UnreadRow, ...] = ()

    @model_validator(mode="after")
    def _fits_one_batch(self) -> Self:
        if len(self.rows) + len(self.unread) > MAX_PAGE_ROWS:
            raise ValueError(f"a page holds at most {MAX_PAGE_ROWS} rows")
        return self


class JournalChanged(Message):
    """Rows of one account changed; projections of the named roots must be rebuilt.

    Shape: `roots` names what changed; "" stands for rows that belong to no instrument (a day's
    fees, cash), and so does an empty tuple. `run` and `page` name the page that changed them: a
    build that has read it already has nothing to do.
    """

    topic: ClassVar[str] = "journal-changes"

    user_id: UserId
    account_key: AccountKey
    roots: tuple[str, ...]
    changed_from: Instant  # the earliest instant that changed
    run: int | None = Field(default=None, ge=1)
    page: int | None = Field(default=None, ge=0)


TOPICS: dict[str, type[Message]] = {
    ExecutionsObserved.topic: ExecutionsObserved,
    JournalChanged.topic: JournalChanged,
}
