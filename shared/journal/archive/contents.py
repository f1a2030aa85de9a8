"""What of a user's documents an archive holds, and in which order it is true.

A store goes on changing while it is read. So what makes a claim about rows (a cursor, a receipt, a
day that is complete) is read before the rows, and run numbers after everything: then a restored
copy may know less than it could, never claim more than it has.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

from shared.domain.collections import COLLECTIONS, OWNED
from shared.domain.collections.addresses import complaint_about, index_fields
from shared.domain.collections.model import Backup
from shared.domain.errors import InvalidInput
from shared.domain.ids import UserId, canonical_json
from shared.domain.sync.connection import ConnectionState, Health
from shared.domain.time import from_micros, to_micros
from shared.journal.projection.basis import read_lot
from shared.journal.storing.log import read_entry
from shared.ports import Body, Document, Documents, Key, Query
from shared.scanning import every

_CLAIMS = ("accounts", "coverage", "runs", "receipts", "position_reports")
_ROWS = ("executions", "history", "counters")
_OTHERS = tuple(c.name for c in OWNED if c.backup is Backup.KEPT and c.name not in _CLAIMS + _ROWS)
NEEDED = (*_CLAIMS, *_ROWS)  # an archive without one of them is none
PARTS = (*_CLAIMS, *_OTHERS, *_ROWS)  # in the order of reading; a restore goes backwards
# A login is named, never shown; its health is of the store that it lives in.
_CONNECTION = (
    *("broker", "environment", "label", "auth", "created_us", "login_us", "account_keys"),
    "past",
)
_SIGN_IN = "restored from an archive, which holds no credentials: sign in again"


async def documents_of(documents: Documents, user_id: UserId, part: str) -> AsyncIterator[Document]:
    """Yield a user's documents of one part, by id.

    Raises: StoreUnavailable.
    """
    if part != "history":
        async for found in every(documents, Query(part, (user_id,))):
            yield found
        return
    async for row in every(documents, Query("executions", (user_id,))):
        if row.body["version"] > 1:
            async for older in every(documents, Query(part, row.key.path)):
                yield older


def to_line(document: Document) -> bytes:
    """Render a document as a line of an archive; credentials never enter one."""
    body: Body = document.body
    if document.key.collection == "connections":
        body = {name: body[name] for name in _CONNECTION if name in body}
    line = {"key": list(document.key.path[1:]), "body": body}
    return canonical_json(line).encode() + b"\n"


def from_line(user_id: UserId, part: str, line: bytes) -> tuple[Key, Body]:
    """Read a line back as a document of a user, who need not be the one that it was written of.

    Raises: InvalidInput for a line that no store could hold, or no build could read.
    """
    try:
        read: Any = json.loads(line)
        key = Key(part, (user_id, *map(_text, read["key"])))
        body: Body = dict(read["body"])
        body = _resting(body) if part == "connections" else body
        _check(key, body)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise InvalidInput(f"{part}: a line of the archive cannot be read") from error
    return key, body


def _check(key: Key, body: Body) -> None:
    """Refuse what a store would, and what a build reads and could not.

    Raises: ValueError, KeyError.
    """
    if len(key.path) != COLLECTIONS[key.collection].depth or any(map(complaint_about, key.path)):
        raise ValueError("not where a document can be")
    if any(isinstance(body[field], dict | list) for field in index_fields(key.collection)):
        raise ValueError("a field cannot be indexed")
    if key.collection == "executions":
        read_entry(Document(key, body, ""))
    elif key.collection == "opening_lots":
        read_lot(body)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected an id, found {type(value).__name__}")
    return value


def _resting(body: Body) -> Body:
    """Make a restored login wait for its user."""
    since = from_micros(body["created_us"])
    health = Health(state=ConnectionState.NEEDS_REAUTH, since=since, reason=_SIGN_IN)
    rest = {"sealed": "", "schedulable": False, "next_due_us": to_micros(since)}
    return {**body, **rest, "health": health.model_dump(mode="json")}
