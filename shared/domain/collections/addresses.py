"""Which ids and which fields a document of a collection must have, whatever the store.

Source: https://firebase.google.com/docs/firestore/quotas (read 2026-11-24).
"""

import re
from functools import cache, lru_cache

from shared.domain.collections import COLLECTIONS

_MAX_ID_BYTES = 1500
_MAX_CHARACTER_BYTES = 4
_ID = re.compile(r"[^\x00-\x1f/]+").fullmatch  # stores may separate ids by control characters


@cache
def index_fields(collection: str) -> tuple[str, ...]:
    """Name the fields of a collection's indexes, sorted."""
    indexes = COLLECTIONS[collection].indexes
    named = {field for i in indexes for field in (*i.equal, i.order_by) if field is not None}
    return tuple(sorted(named))


@lru_cache(maxsize=10_000)  # a page's rows are read by their ids and then written
def complaint_about(own: str) -> str | None:
    """Say why a text cannot be an id; None when it can."""
    reserved = own in {".", ".."} or (own[:2] == "__" == own[-2:])
    if reserved or not _ID(own):
        return f"{own!r} cannot be an id"
    if len(own) * _MAX_CHARACTER_BYTES > _MAX_ID_BYTES and len(own.encode()) > _MAX_ID_BYTES:
        return f"an id holds at most {_MAX_ID_BYTES} bytes"
    return None
