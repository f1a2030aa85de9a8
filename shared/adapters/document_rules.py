"""What every document store refuses, and how every one of them writes its page tokens.

The embedded store is held to Firestore's limits, so that nothing works locally only.
Source: https://firebase.google.com/docs/firestore/quotas (read 2026-11-24).
"""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from math import isfinite
from typing import Any

from pydantic_core import to_json

from shared.domain.collections import COLLECTIONS, find_index
from shared.domain.collections.addresses import complaint_about, index_fields
from shared.domain.errors import InvalidInput
from shared.ports import Create, Delete, JsonScalar, Key, Query, Update, Write

MAX_WRITES = 450
MAX_BATCH_BYTES = 3_000_000
MAX_DOCUMENT_BYTES = 1_000_000
_INT64 = 2**63
_SCALARS = (str, int, type(None))  # bool is an int


def encode_batch(writes: Sequence[Write]) -> list[str | None]:
    """Check a batch and render the body of each write as JSON (None for a deletion).

    Raises: ValueError when the batch cannot be stored as it is.
    """
    if len(writes) > MAX_WRITES:
        raise ValueError(f"a batch holds at most {MAX_WRITES} writes, found {len(writes)}")
    check_keys(write.key for write in writes)
    if len({write.key for write in writes}) != len(writes):
        raise ValueError("a key occurs twice in one batch")
    bodies = [None if isinstance(w, Delete) else _encode_body(w) for w in writes]
    size = sum(_bytes(body) for body in bodies if body is not None)
    if size > MAX_BATCH_BYTES:
        raise ValueError(f"a batch holds at most {MAX_BATCH_BYTES} bytes, found {size}")
    return bodies


def check_keys(keys: Iterable[Key]) -> None:
    """Refuse keys that some store cannot address.

    Raises: ValueError for an undeclared collection, a wrong depth or an unusable id.
    """
    for key in keys:
        _check_key(key)


@lru_cache(maxsize=10_000)  # what is read is mostly written next
def _check_key(key: Key) -> None:
    _check_path(key.collection, key.path, _declared_depth(key.collection))


@cache
def _declared_depth(collection: str) -> int:
    if collection not in COLLECTIONS:
        raise ValueError(f"collection {collection!r} is not declared")
    return COLLECTIONS[collection].depth


def _check_path(collection: str, path: Sequence[str], depth: int) -> None:
    if len(path) != depth:
        raise ValueError(f"{collection}: expected {depth} ids, found {path!r}")
    for part in path:
        if (complaint := complaint_about(part)) is not None:
            raise ValueError(f"{collection}: {complaint}")


def _encode_body(write: Create | Update) -> str:
    body, key = write.body, write.key
    _check_fields(body, key)
    for field in index_fields(key.collection):
        # a store leaves a document without the field out of the index: it would be lost to scans
        if field not in body:
            raise ValueError(f"{key}: the indexed field {field!r} is missing")
        if not isinstance(body[field], _SCALARS):
            raise ValueError(f"{key}: {field!r} must be str, int, bool or None")  # noqa: TRY004  # one error for every wrong batch
    text = to_json(body, fallback=dict).decode()
    if _bytes(text) > MAX_DOCUMENT_BYTES:
        raise ValueError(f"{key}: a document holds at most {MAX_DOCUMENT_BYTES} bytes")
    return text


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _check_fields(fields: Mapping[str, Any], key: Key) -> None:
    for name, value in fields.items():
        if not name or (name[0] == "_" and name[:2] == "__" == name[-2:]):
            raise ValueError(f"{key}: {name!r} cannot be a field name")
        kind = type(value)
        if kind is str or value is None or (kind is int and -_INT64 <= value < _INT64):
            continue  # as most are, and quickly told
        if kind is dict:
            _check_fields(value, key)
        else:
            _check_value(value, key)


def _check_value(value: Any, key: Key) -> None:
    match value:
        case str() | None:
            pass
        case int():
            if not -_INT64 <= value < _INT64:
                raise ValueError(f"{key}: {value} is beyond 64 bits")
        case float():
            if not isfinite(value):
                raise ValueError(f"{key}: Out of range float: {value}")
        case list() | tuple():
            for item in value:
                if isinstance(item, list | tuple):
                    raise ValueError(f"{key}: a list cannot directly hold a list")  # noqa: TRY004  # one error for every wrong batch
                _check_value(item, key)
        case dict() | Mapping():  # the first is quickly told
            _check_fields(value, key)
        case _:
            raise ValueError(f"{key}: {type(value).__name__} is not JSON")


def check_query(query: Query) -> None:
    """Refuse a query that no declared index serves.

    Raises: ValueError, which names the index that is needed.
    """
    depth = _declared_depth(query.collection)
    if query.parent is not None:
        _check_path(query.collection, query.parent, depth - 1)
    if query.limit < 1:
        raise ValueError(f"a page holds at least one document, found limit={query.limit}")
    if query.order_by is None and (query.at_least is not None or query.below is not None):
        raise ValueError(f"{query.collection}: bounds need order_by")
    group = query.parent is None
    index = find_index(
        query.collection,
        frozenset(query.where),
        query.order_by,
        group=group,
        descending=query.descending,
    )
    if index is None:
        raise ValueError(
            f"no declared index of {query.collection!r} serves equal={sorted(query.where)}, "
            f"order_by={query.order_by!r}, group={group}, descending={query.descending}"
        )


def write_cursor(value: JsonScalar, path: Sequence[str]) -> str:
    """Write the token that stands for the place after a document."""
    return base64.urlsafe_b64encode(json.dumps([value, *path]).encode()).decode()


def read_cursor(query: Query) -> tuple[JsonScalar, tuple[str, ...]] | None:
    """Read the place that a query's token stands for.

    Raises: InvalidInput when the token is not one of ours (it came from outside).
    """
    if query.cursor is None:
        return None
    try:
        token = json.loads(base64.b64decode(query.cursor, altchars=b"-_", validate=True))
        value, path = _read_place(token)
        _check_path(query.collection, path, _declared_depth(query.collection))
    except ValueError as error:
        raise InvalidInput(
            "the cursor is not one of ours", expected=("the cursor of the page before",)
        ) from error
    return value, path


def _read_place(token: Any) -> tuple[JsonScalar, tuple[str, ...]]:
    match token:
        case [str() | int() | None as value, *path] if all(isinstance(p, str) for p in path):
            return value, tuple(path)
    raise ValueError("not a place")
