"""Annotations as documents of their own, so that no sync, rebuild or correction touches them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.domain.annotation import Annotation, Exclusion, Subject
from shared.domain.errors import InvalidInput, NotFound
from shared.domain.ids import AccountKey, RowKey, UserId, content_key, is_content_key
from shared.domain.time import from_micros, to_micros
from shared.journal.projection.changes import publish_changed
from shared.journal.projection.staleness import is_stale
from shared.ports import (
    Body,
    Clock,
    Create,
    Delete,
    Document,
    Documents,
    Entropy,
    Key,
    MessageBus,
    Query,
    Update,
    Write,
)
from shared.retry import compare_and_set
from shared.scanning import every

# An anchor's time may be corrected after it was spoken of; brokers correct by minutes.
_SLACK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Annotated:
    """An annotation with what it was said of: `anchor` is a row of the log."""

    account_key: AccountKey
    subject: Subject
    anchor: RowKey
    said: Annotation
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Annotations:
    """The use cases: say, take back, look up."""

    documents: Documents
    bus: MessageBus
    clock: Clock
    entropy: Entropy

    async def say(
        self, user_id: UserId, subject: Subject, anchor: RowKey, said: Annotation
    ) -> Annotated:
        """Keep what is said of a row, or of the round trip that it opened, over what was said.

        Saying nothing takes everything back. What an exclusion changes is built anew.
        Idempotent: said again after a crash, it lets build what was not.
        Raises: NotFound when there is no such row, StoreUnavailable.
        """
        row = await self._row(user_id, anchor)
        key = _key(user_id, row.body["account_key"], subject, anchor)
        body = self._body(row, subject, said)

        async def write() -> bool:
            (found,) = await self.documents.get_many([key])
            if change := _write(key, found, None if said.says_nothing else body):
                await self.documents.commit([change])
            return found is not None and found.body["excluded"]

        was_excluded = await compare_and_set(self.clock, self.entropy, write)
        owner = user_id, AccountKey(row.body["account_key"])
        if was_excluded or body["excluded"] or await is_stale(self.documents, *owner, body["root"]):
            await self._rebuild(user_id, row)
        return _annotated(body)

    async def exclude(
        self, user_id: UserId, subject: Subject, anchor: RowKey, reason: str | None
    ) -> Annotated:
        """Leave a subject out of all figures for a reason; None lets it count again.

        Idempotent: a reason given again keeps its first instant.
        Raises: NotFound, InvalidInput for an empty reason, StoreUnavailable.
        """
        if reason is not None and not reason.strip():
            raise InvalidInput("an exclusion has a reason")
        before = await self.of(user_id, subject, anchor)
        return await self.restate(user_id, subject, anchor, before, reason)

    async def restate(
        self,
        user_id: UserId,
        subject: Subject,
        anchor: RowKey,
        said: Annotation,
        excluded: str | None,
    ) -> Annotated:
        """Keep what is said, with an exclusion for a reason, or without one.

        Idempotent: an exclusion that stands keeps its first instant.
        Raises: as `say`.
        """
        before = await self.of(user_id, subject, anchor)
        exclusion = None
        if excluded is not None:
            since = before.exclusion.since if before.exclusion else self.clock.now()
            exclusion = Exclusion(reason=excluded.strip(), since=since)
        said = said.model_copy(update={"exclusion": exclusion})
        return await self.say(user_id, subject, anchor, said)

    async def of(self, user_id: UserId, subject: Subject, anchor: RowKey) -> Annotation:
        """Read what was said of a row; nothing was, where nothing is kept.

        Raises: NotFound when there is no such row, StoreUnavailable.
        """
        row = await self._row(user_id, anchor)
        key = _key(user_id, row.body["account_key"], subject, anchor)
        (found,) = await self.documents.get_many([key])
        return Annotation() if found is None else _annotated(found.body).said

    async def all(self, user_id: UserId) -> list[Annotated]:
        """List all that a user says, by the time of what it is said of.

        Raises: StoreUnavailable.
        """
        query = Query("annotations", (user_id,), order_by="anchor_us")
        return [_annotated(found.body) async for found in every(self.documents, query)]

    async def _row(self, user_id: UserId, anchor: RowKey) -> Document:
        found: Document | None = None
        if is_content_key(anchor):  # what comes from outside may be no id at all
            (found,) = await self.documents.get_many([Key("executions", (user_id, anchor))])
        if found is None:
            raise NotFound(f"the log has no row {anchor!r}")
        return found

    def _body(self, row: Document, subject: Subject, said: Annotation) -> dict[str, Any]:
        return {
            "account_key": row.body["account_key"],
            "subject": subject.value,
            "anchor": row.key.id,
            "anchor_us": row.body["at_us"],
            "root": row.body["root"],
            "excluded": said.exclusion is not None,
            "said": said.model_dump(mode="json"),
            "updated_us": to_micros(self.clock.now()),
        }

    async def _rebuild(self, user_id: UserId, row: Document) -> None:
        since, roots = from_micros(row.body["at_us"]), [row.body["root"]]
        account_key = AccountKey(row.body["account_key"])
        await publish_changed(self.bus, user_id, account_key, roots, since)


async def said_between(
    documents: Documents,
    user_id: UserId,
    account_key: AccountKey,
    since: datetime,
    until: datetime,
) -> list[Annotated]:
    """List what was said of rows in a stretch of time, and a day around it.

    Raises: StoreUnavailable.
    """
    query = Query(
        "annotations",
        (user_id,),
        {"account_key": account_key},
        order_by="anchor_us",
        at_least=to_micros(since - _SLACK),
        below=to_micros(until + _SLACK) + 1,
    )
    return [_annotated(found.body) async for found in every(documents, query)]


def _key(user_id: UserId, account_key: str, subject: Subject, anchor: RowKey) -> Key:
    content = content_key("annotation", account_key, subject.value, anchor)
    return Key("annotations", (user_id, content))


def _write(key: Key, found: Document | None, body: Body | None) -> Write | None:
    if body is None:
        return None if found is None else Delete(key, found.version)
    return Create(key, body) if found is None else Update(key, body, found.version)


def _annotated(body: Body) -> Annotated:
    return Annotated(
        account_key=AccountKey(body["account_key"]),
        subject=Subject(body["subject"]),
        anchor=RowKey(body["anchor"]),
        said=Annotation.model_validate(body["said"]),
        updated_at=from_micros(body["updated_us"]),
    )
