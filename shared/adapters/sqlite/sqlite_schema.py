"""Tables and indexes of the embedded store, made from the declared collections."""

import sqlite3

from shared.domain.collections import COLLECTIONS
from shared.domain.collections.addresses import index_fields
from shared.domain.collections.model import Collection, Index

# None in an index column: below every number and text, and unlike NULL it can be compared.
NONE = float("-inf")

_PRIMARY = ("_parent", "_id")  # has its index already


def create_schema(connection: sqlite3.Connection) -> None:
    """Bring the file to the declared form; a file of an earlier form gains what it lacks.

    Idempotent: nothing happens when it is there already.
    """
    connection.execute("CREATE TABLE IF NOT EXISTS _sequence (value INTEGER NOT NULL)")
    connection.execute("INSERT INTO _sequence SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM _sequence)")
    for collection in COLLECTIONS.values():
        _create_table(connection, collection)
        for columns in {_columns(index) for index in collection.indexes} - {_PRIMARY}:
            name = "_".join(("ix", collection.name, *columns))
            listed = ", ".join(f'"{column}"' for column in columns)
            connection.execute(
                f'CREATE INDEX IF NOT EXISTS "{name}" ON "{collection.name}" ({listed})'
            )


def _create_table(connection: sqlite3.Connection, collection: Collection) -> None:
    connection.execute(
        f'CREATE TABLE IF NOT EXISTS "{collection.name}" (_parent TEXT NOT NULL, '
        "_id TEXT NOT NULL, _version INTEGER NOT NULL, _body TEXT NOT NULL, "
        "PRIMARY KEY (_parent, _id))"
    )
    found = {row[1] for row in connection.execute(f'PRAGMA table_info("{collection.name}")')}
    for field in index_fields(collection.name):
        if field not in found:  # no type: a column keeps numbers and text as they are
            connection.execute(f'ALTER TABLE "{collection.name}" ADD COLUMN "{field}"')
            connection.execute(
                f'UPDATE "{collection.name}" '  # noqa: S608  # declared names only
                f"SET \"{field}\" = coalesce(json_extract(_body, '$.{field}'), -9e999)"
            )


def _columns(index: Index) -> tuple[str, ...]:
    order = () if index.order_by is None else (index.order_by,)
    if index.group:
        return (*index.equal, *order, "_parent", "_id")
    return ("_parent", *index.equal, *order, "_id")
