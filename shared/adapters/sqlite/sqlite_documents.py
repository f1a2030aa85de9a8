"""Documents in one SQLite file that several processes may share."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from shared.adapters.document_rules import (
    check_keys,
    check_query,
    encode_batch,
    read_cursor,
    write_cursor,
)
from shared.adapters.sqlite.sqlite_connection import SqliteConnection
from shared.adapters.sqlite.sqlite_schema import NONE, create_schema
from shared.domain.collections.addresses import index_fields
from shared.domain.errors import AlreadyExists, VersionChanged
from shared.ports import (
    Body,
    Create,
    Delete,
    Document,
    JsonScalar,
    Key,
    Page,
    Query,
    Update,
    Write,
)

_SEPARATOR = "\x1f"  # below every character of an id, so joined paths sort as paths do


class SqliteDocuments:
    """Documents in a file; each commit is a transaction.

    A killed process loses nothing, a power cut may lose the last commits but never one before
    them. A run whose receipts are lost so is still open: it is read again.
    """

    def __init__(self, path: Path) -> None:
        self._connection = SqliteConnection(path, create_schema)

    async def get_many(self, keys: Sequence[Key]) -> list[Document | None]:
        """Read by primary key, one statement for all keys of one parent."""
        check_keys(keys)
        return await self._connection.read(lambda c: _get_all(c, keys))

    async def commit(self, writes: Sequence[Write]) -> None:
        """Apply a batch in one transaction."""
        bodies = encode_batch(writes)
        if writes:
            await self._connection.write(lambda c: _apply(c, writes, bodies))

    async def scan(self, query: Query) -> Page:
        """Read one page through a declared index."""
        check_query(query)
        sql, parameters = scan_statement(query)
        rows = await self._connection.read(lambda c: c.execute(sql, parameters).fetchall())
        documents = tuple(_document(query.collection, *row) for row in rows[: query.limit])
        if len(rows) <= query.limit:
            return Page(documents, None)
        last = documents[-1]
        value = None if query.order_by is None else last.body[query.order_by]
        return Page(documents, write_cursor(value, last.key.path))

    async def close(self) -> None:
        """Close the file."""
        await self._connection.close()


def _join(path: Sequence[str]) -> str:
    return _SEPARATOR.join(path)


def _column(value: JsonScalar) -> JsonScalar:
    return NONE if value is None else value


def _document(collection: str, parent: str, own: str, version: int, body: str) -> Document:
    ancestors = parent.split(_SEPARATOR) if parent else []
    return Document(Key(collection, (*ancestors, own)), from_json(body), str(version))


def _get_all(connection: sqlite3.Connection, keys: Sequence[Key]) -> list[Document | None]:
    siblings: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for key in keys:
        siblings.setdefault((key.collection, key.path[:-1]), []).append(key.path[-1])
    found: dict[Key, tuple[int, str]] = {}
    for (collection, parent), ids in siblings.items():
        for own, version, body in connection.execute(
            f'SELECT _id, _version, _body FROM "{collection}" WHERE _parent = ? AND _id IN '  # noqa: S608  # declared names only
            "(SELECT value FROM json_each(?))",
            (_join(parent), json.dumps(ids)),
        ):
            found[Key(collection, (*parent, own))] = version, body
    return [_found(key, found.get(key)) for key in keys]


def _found(key: Key, row: tuple[int, str] | None) -> Document | None:
    return None if row is None else Document(key, from_json(row[1]), str(row[0]))


# --------------------------------------------------------------------- writing


@cache
def _insert(collection: str) -> str:
    columns = ["_version", "_body", *index_fields(collection), "_parent", "_id"]
    names = ", ".join(f'"{column}"' for column in columns)
    places = ", ".join("?" * len(columns))
    return f'INSERT INTO "{collection}" ({names}) VALUES ({places})'  # noqa: S608  # declared names only


@cache
def _update(collection: str) -> str:
    columns = ["_version", "_body", *index_fields(collection)]
    values = ", ".join(f'"{column}" = ?' for column in columns)
    return (
        f'UPDATE "{collection}" SET {values} '  # noqa: S608  # declared names only
        "WHERE _parent = ? AND _id = ? AND _version = ?"
    )


def _place(key: Key) -> tuple[str, str]:
    return _join(key.path[:-1]), key.id


def _apply(
    connection: sqlite3.Connection, writes: Sequence[Write], bodies: Sequence[str | None]
) -> None:
    (last,) = connection.execute(
        "UPDATE _sequence SET value = value + ? RETURNING value", (len(writes),)
    ).fetchone()
    versions = range(last - len(writes) + 1, last + 1)
    # one executemany per kind and collection is several times faster than a statement a write;
    # the order does not matter, since a key occurs once
    groups: dict[tuple[Callable[..., None], str], list[tuple[Any, ...]]] = {}
    for write, body, version in zip(writes, bodies, versions, strict=True):
        run, row = _statement(write, body, version)
        groups.setdefault((run, write.key.collection), []).append(row)
    for (run, collection), rows in groups.items():
        run(connection, collection, rows)


def _statement(
    write: Write, body: str | None, version: int
) -> tuple[Callable[..., None], tuple[Any, ...]]:
    match write:
        case Create(key, fields):
            return _create_all, (version, body, *_columns(key, fields), *_place(key))
        case Update(key, fields, expected):
            row = (version, body, *_columns(key, fields), *_place(key), _number(expected))
            return _update_all, row
        case Delete(key, None):
            return _delete_all, _place(key)
        case Delete(key, expected):
            return _delete_unchanged, (*_place(key), _number(expected))


def _columns(key: Key, fields: Body) -> Iterable[JsonScalar]:
    return (_column(fields[field]) for field in index_fields(key.collection))


def _number(version: str | None) -> int:
    return int(version) if version is not None and version.isdecimal() else -1


def _create_all(connection: sqlite3.Connection, collection: str, rows: list[Any]) -> None:
    try:
        connection.executemany(_insert(collection), rows)
    except sqlite3.IntegrityError as error:
        raise AlreadyExists(f"a document of {collection} exists") from error


def _update_all(connection: sqlite3.Connection, collection: str, rows: list[Any]) -> None:
    _expect_all(connection.executemany(_update(collection), rows).rowcount, collection, rows)


def _delete_all(connection: sqlite3.Connection, collection: str, rows: list[Any]) -> None:
    connection.executemany(f'DELETE FROM "{collection}" WHERE _parent = ? AND _id = ?', rows)  # noqa: S608  # declared names only


def _delete_unchanged(connection: sqlite3.Connection, collection: str, rows: list[Any]) -> None:
    sql = f'DELETE FROM "{collection}" WHERE _parent = ? AND _id = ? AND _version = ?'  # noqa: S608  # declared names only
    _expect_all(connection.executemany(sql, rows).rowcount, collection, rows)


def _expect_all(changed: int, collection: str, rows: list[Any]) -> None:
    if changed != len(rows):
        raise VersionChanged(f"a document of {collection} has changed or is gone")


# -------------------------------------------------------------------- scanning


def scan_statement(query: Query) -> tuple[str, list[JsonScalar]]:
    """Write the SQL of one page, and one row more that tells whether there is another.

    Shape: rows of parent, id, version, body.
    """
    order = [] if query.order_by is None else [f'"{query.order_by}"']
    terms = [(f'"{field}" = ?', _column(value)) for field, value in query.where.items()]
    if query.parent is None:
        order += ["_parent", "_id"]
    else:
        order += ["_id"]
        terms.append(("_parent = ?", _join(query.parent)))
    terms += _bounds(query)
    conditions, parameters = [term for term, _ in terms], [value for _, value in terms]
    after = _place_after(query)
    if after:
        sign = "<" if query.descending else ">"
        conditions.append(f"({', '.join(order)}) {sign} ({', '.join('?' * len(order))})")
    direction = "DESC" if query.descending else "ASC"
    condition = f"WHERE {' AND '.join(conditions)} " if conditions else ""
    ordering = ", ".join(f"{column} {direction}" for column in order)
    sql = (
        f'SELECT _parent, _id, _version, _body FROM "{query.collection}" '  # noqa: S608  # declared names only
        f"{condition}ORDER BY {ordering} LIMIT ?"
    )
    return sql, [*parameters, *after, query.limit + 1]


def _bounds(query: Query) -> list[tuple[str, JsonScalar]]:
    bounds: list[tuple[str, JsonScalar]] = []
    if query.at_least is not None:
        bounds.append((f'"{query.order_by}" >= ?', query.at_least))
    if query.below is not None:
        bounds.append((f'"{query.order_by}" < ?', query.below))
        if query.at_least is None:
            bounds.append((f'"{query.order_by}" > ?', NONE))
    return bounds


def _place_after(query: Query) -> list[JsonScalar]:
    place = read_cursor(query)
    if place is None:
        return []
    value, path = place
    ordered = [] if query.order_by is None else [_column(value)]
    parent = [_join(path[:-1])] if query.parent is None else []
    return [*ordered, *parent, path[-1]]
