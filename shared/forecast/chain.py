"""The chain of the forecasts of record: links that name what was said, one bound to the next.

A link is one line of canonical JSON. Its hash covers everything in it, its predecessor's hash
included; so nothing can be changed, left out, added or moved without changing all that follows.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.domain.bias import Label, ModelLean, Probabilities
from shared.domain.errors import ContractBroken
from shared.domain.ids import canonical_json, content_hash
from shared.domain.market.instrument import Instrument
from shared.domain.time import Instant
from shared.market.sessions import record_deadline, session_open
from shared.ports import KeptLink

BEFORE_THE_FIRST = "0" * 64
_LATEST = timedelta(minutes=10)  # between making a link and its keeper's receipt, clocks' drift too


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Committed(_Frozen):
    """One forecast of record as a link tells it.

    Shape: `record` is the hash of the stored record, whose other fields are repeated here; `lean`
    is the view of the model that wrote the synthesis, None where none did.
    """

    instrument: str
    session: date
    as_of: Instant
    written_at: Instant
    label: Label
    probabilities: Probabilities
    base_rates: Probabilities
    vintage: str
    snapshot_hash: str
    record: str
    lean: ModelLean | None


class Absent(_Frozen):
    """An instrument and session without a forecast so far, and why."""

    instrument: str
    session: date
    reason: str


class Link(_Frozen):
    """What one link says; `records` and `absent` are sorted by session, then by instrument."""

    number: int = Field(ge=1)
    sealed_at: Instant
    previous: str
    records: tuple[Committed, ...]
    absent: tuple[Absent, ...]
    hash: str

    def named(self) -> set[tuple[str, date]]:
        """Return what the link speaks of, forecasts or their absence."""
        told: tuple[Committed | Absent, ...] = (*self.records, *self.absent)
        return {(one.instrument, one.session) for one in told}


def make_link(
    before: Link | None, sealed_at: datetime, records: Iterable[Committed], absent: Iterable[Absent]
) -> Link:
    """Bind what is new to the newest link.

    Shape: a link is not older than what it holds or than the link before, even where clocks differ.
    """
    records = tuple(sorted(records, key=_order))
    earlier = [record.written_at for record in records]
    earlier += [] if before is None else [before.sealed_at]
    content = {
        "number": 1 if before is None else before.number + 1,
        "sealed_at": max([sealed_at, *earlier]),
        "previous": BEFORE_THE_FIRST if before is None else before.hash,
        "records": records,
        "absent": tuple(sorted(absent, key=_order)),
    }
    link = Link.model_validate({**content, "hash": ""})
    return link.model_copy(update={"hash": hash_of(link.model_dump(mode="json"))})


def _order(one: Committed | Absent) -> tuple[date, str]:
    return one.session, one.instrument


def hash_of(raw: dict[str, Any]) -> str:
    """Hash a link's JSON without its own hash."""
    return content_hash({name: value for name, value in raw.items() if name != "hash"})


def encode_link(link: Link) -> bytes:
    """Write a link the one way that it can be written."""
    return canonical_json(link.model_dump(mode="json")).encode()


def read_link(content: bytes) -> Link:
    """Read a link that has the documented shape and hashes to what it says.

    Raises: ContractBroken saying what is wrong with it.
    """
    try:
        raw = json.loads(content)
        link = Link.model_validate(raw)
    except (ValidationError, ValueError, RecursionError) as error:
        raise ContractBroken(f"it has not the shape of a link: {str(error)[:200]}") from error
    if hash_of(raw) != link.hash:
        raise ContractBroken("its content does not hash to its own hash: it was changed")
    return link


def commit_until(instrument: Instrument, session: date) -> datetime:
    """Tell until when a forecast must be in the chain: the session's open.

    Shape: a market without a pause opens at the close before; there the cut-off counts, minutes
    later, until which its forecast of record may be written.
    """
    return max(session_open(instrument, session), record_deadline(instrument, session))


def check_order(kept: Sequence[KeptLink]) -> list[Link]:
    """Read a whole chain, from its first link to its newest.

    Raises: ContractBroken naming the first link that is broken, and how.
    """
    links: list[Link] = []
    seen: dict[tuple[str, date], int] = {}
    for place, one in enumerate(kept, 1):
        if one.number != place:
            raise ContractBroken(f"link {place}: it is missing; link {one.number} stands there")
        try:
            link = read_link(one.content)
            _check_place(link, one, links[-1] if links else None)
            _check_times(link, one, kept[place - 2] if links else None)
            _check_records(link, seen)
        except ContractBroken as error:
            raise ContractBroken(f"link {place}: {error}") from error
        links.append(link)
    return links


def _check_place(link: Link, kept: KeptLink, before: Link | None) -> None:
    if link.number != kept.number:
        raise ContractBroken(f"it is number {link.number}, kept under another number")
    expected = BEFORE_THE_FIRST if before is None else before.hash
    if link.previous != expected:
        raise ContractBroken("it does not follow from the link before it: one of the two is not")
    if before is not None and link.sealed_at < before.sealed_at:
        raise ContractBroken(f"it says {link.sealed_at}, which is before the link before it")


def _check_times(link: Link, kept: KeptLink, before: KeptLink | None) -> None:
    if before is not None and kept.created_at < before.created_at:
        raise ContractBroken("its keeper had it before the link before it")
    if abs(kept.created_at - link.sealed_at) > _LATEST:
        raise ContractBroken(
            f"it says {link.sealed_at}, but its keeper received it at {kept.created_at}"
        )
    for record in link.records:
        if not record.as_of <= record.written_at <= link.sealed_at:
            raise ContractBroken(
                f"{record.instrument} of {record.session}: as of {record.as_of}, written at "
                f"{record.written_at}, sealed at {link.sealed_at} are not in this order"
            )


def _check_records(link: Link, seen: dict[tuple[str, date], int]) -> None:
    if list(link.records) != sorted(link.records, key=_order):
        raise ContractBroken("its records are not in their order")
    for record in link.records:
        name = (record.instrument, record.session)
        if name in seen:
            where = f"link {seen[name]} has it already"
            raise ContractBroken(f"{record.instrument} of {record.session}: {where}")
        seen[name] = link.number
