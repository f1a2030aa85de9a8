"""Checkpoints: what a ledger carried on at places in its log, so that a build can go on from there.

Every so many rows of a root a document keeps the ledger's state, the digest of the log so far, and
what the rows since the checkpoint before added to their days. What came after the last one is the
tail, which has a document of its own, without a state.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from shared.domain.ids import AccountKey, UserId, content_hash, content_key
from shared.domain.journal.days import Days
from shared.domain.journal.ledger import State
from shared.domain.journal.performance import DayFigures
from shared.ports import Body, Document, Documents, Key, Query

SEGMENT_ROWS = 256  # rows between two checkpoints; an instant is never cut in two
# A state this large (thousands of lots) is not kept: builds go on from the checkpoint before.
_LARGEST_STATE = 400_000
_STATE: TypeAdapter[State] = TypeAdapter(State)
_DAYS: TypeAdapter[tuple[DayFigures, ...]] = TypeAdapter(tuple[DayFigures, ...])


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the log of a root a build goes on.

    Shape: after `number` segments, of `rows` rows whose digest is `digest`, the last of them at
    `until_us`; `state` is what the ledger carried then, as text.
    """

    number: int
    rows: int
    until_us: int | None
    digest: str
    state: str | None

    def ledger_state(self) -> State:
        """Read the ledger's state; every call gives one of its own."""
        return State() if self.state is None else _STATE.validate_json(self.state)


@dataclass(frozen=True, slots=True)
class RootLog:
    """One root of one account, and where its checkpoints are."""

    documents: Documents
    user_id: UserId
    account_key: AccountKey
    root: str

    @property
    def owner(self) -> tuple[UserId, AccountKey]:
        """Name whose log it is."""
        return self.user_id, self.account_key

    def key(self, number: int) -> Key:
        """Address a checkpoint; 0 is the tail."""
        content = content_key("checkpoint", self.account_key, self.root, str(number))
        return Key("checkpoints", (self.user_id, content))

    async def before(self, changed_us: int) -> Place | None:
        """Find the newest checkpoint whose rows are all older than a change.

        Raises: StoreUnavailable.
        """
        query = Query(
            "checkpoints",
            (self.user_id,),
            where={"account_key": self.account_key, "root": self.root},
            order_by="until_us",
            below=changed_us,
            descending=True,
            limit=1,
        )
        while True:
            page = await self.documents.scan(query)
            for found in page.documents:
                if found.body["state"] is not None:
                    return _place(found.body)
            if not page.documents:
                return None
            query = _older(query, page.documents[-1])

    def body(self, place: Place, days: Days) -> dict[str, Any]:
        """Render a checkpoint, or a tail: it has no `until_us` and no state."""
        return {
            "account_key": self.account_key,
            "root": self.root,
            "number": place.number,
            "rows": place.rows,
            "until_us": place.until_us,
            "digest": place.digest,
            "state": place.state,
            "days": _DAYS.dump_json(days.figures(self.root)).decode(),
        }


def _older(query: Query, found: Document) -> Query:
    return Query(
        query.collection,
        query.parent,
        query.where,
        order_by=query.order_by,
        below=found.body["until_us"],
        descending=True,
        limit=query.limit,
    )


def _place(body: Body) -> Place:
    return Place(body["number"], body["rows"], body["until_us"], body["digest"], body["state"])


def state_text(state: State) -> str | None:
    """Write a state down; None when it is too large to be kept."""
    text = _STATE.dump_json(state).decode()
    return text if len(text) <= _LARGEST_STATE else None


def read_contribution(body: Body) -> Days:
    """Read what the rows of a segment added to their days."""
    days = Days()
    for figures in _DAYS.validate_json(body["days"]):
        days.on(figures.day, figures.currency).add(figures)
    return days


def chained(digest: str, rows: Sequence[str]) -> str:
    """Digest a log that goes on with some rows."""
    return content_hash([digest, *rows]) if rows else digest
