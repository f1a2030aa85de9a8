"""Rewrite what follows from the code: data model, indexes, schemas, and tables in the docs.

`python -m infra.golden` writes; `--check` prints the drift and exits with 1.
"""

import argparse
import difflib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from infra import brokers_doc, features_doc, openapi, prompts_doc, terraform_doc
from shared.adapters.document_rules import MAX_BATCH_BYTES, MAX_DOCUMENT_BYTES, MAX_WRITES
from shared.adapters.firestore_documents import BODY
from shared.domain.collections import COLLECTIONS
from shared.domain.collections.model import Collection, Index
from shared.domain.messages import TOPICS, Message, SyncRequested
from shared.wiring.brokers import SPECS

ROOT = Path(__file__).parents[1]
_MESSAGES: tuple[type[Message], ...] = (SyncRequested, *TOPICS.values())


def render() -> dict[Path, str]:
    """Render every generated file, by its path in the repository."""
    files = {
        Path("docs/data-model.md"): data_model(COLLECTIONS),
        Path("docs/reference/brokers.md"): brokers_doc.render(SPECS.values()),
        Path("docs/reference/features.md"): features_doc.render(),
        Path("terraform/firestore.indexes.json"): _json(firestore_indexes(COLLECTIONS)),
        Path("terraform/README.md"): terraform_doc.render(),
    }
    for message in _MESSAGES:
        path = Path(f"docs/reference/messages/{message.__name__}.schema.json")
        files[path] = _json(message.model_json_schema())
    return files | prompts_doc.documents() | openapi.documents()


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


# ------------------------------------------------------------ Firestore's index file


def firestore_indexes(collections: Mapping[str, Collection]) -> dict[str, Any]:
    """Describe what Firestore does not index by itself, in the form of its own tools.

    Source: https://firebase.google.com/docs/reference/firestore/indexes (read 2026-11-24).
    """
    composite, overrides = [], []
    for collection in collections.values():
        overrides.append(_override(collection.name, BODY, ()))
        for index in collection.indexes:
            if index.composite and index.equal:
                composite += [_composite(collection.name, index, way) for way in _ways(index)]
            elif index.composite:
                overrides.append(_override(collection.name, str(index.order_by), _ways(index)))
    return {"indexes": composite, "fieldOverrides": overrides}


def _ways(index: Index) -> tuple[str, ...]:
    return ("ASCENDING", "DESCENDING") if index.both_ways else ("ASCENDING",)


def _composite(collection: str, index: Index, way: str) -> dict[str, Any]:
    fields = [{"fieldPath": field, "order": "ASCENDING"} for field in index.equal]
    return {
        "collectionGroup": collection,
        "queryScope": "COLLECTION_GROUP" if index.group else "COLLECTION",
        "fields": [*fields, {"fieldPath": index.order_by, "order": way}],
    }


def _override(collection: str, field: str, group_ways: tuple[str, ...]) -> dict[str, Any]:
    # an override replaces the automatic indexes of its field: a group's ways are added to them
    indexes = [
        {"order": way, "queryScope": scope}
        for scope, ways in (
            ("COLLECTION", ("ASCENDING", "DESCENDING")),
            ("COLLECTION_GROUP", group_ways),
        )
        for way in ways
        if group_ways
    ]
    return {"collectionGroup": collection, "fieldPath": field, "indexes": indexes}


# ------------------------------------------------------------------- docs/data-model.md

_INTRODUCTION = f"""\
# Data model

Generated from `shared/domain/collections` by `make golden`; edit that instead.

One declaration gives the tables of the embedded store (SQLite), Firestore's indexes
(`terraform/firestore.indexes.json`) and this page. Both stores refuse a query that no index below
serves, so a missing index fails the first test that asks, not production.

- A document is found by its path. Its body is JSON; its indexed fields are also kept beside the
  body, typed (SQLite: a column each; Firestore: a field each, and the body as the unindexed text
  `{BODY}`, so that nobody pays for indexes that no query reads).
- A document without an indexed field would be missing from its scans: both stores refuse it. `None`
  is a value and sorts first.
- Limits of both: {MAX_WRITES} writes and {MAX_BATCH_BYTES:,} bytes a batch, \
{MAX_DOCUMENT_BYTES:,} bytes a document.
- Reads are what Firestore bills: a lookup is 1; a page of *n* documents is *n*, and 1 more when
  there is a next page (the store looks one document ahead, so that the last page knows it is the
  last); an empty page is 1. Writes are 1 a document, whatever its indexes.
- Users own their documents: everything of a person is under `users/<user id>`, so that an export or
  a deletion is a walk of one subtree, and no query can reach another person's by mistake. Only the
  scans marked *all parents* cross users; no route of the API uses them.
"""


def data_model(collections: Mapping[str, Collection]) -> str:
    """Write the page."""
    parts = [_INTRODUCTION, "## Collections\n", _overview(collections)]
    for collection in collections.values():
        parts += [f"## {collection.name}\n", "\n".join(_section(collection, collections)) + "\n"]
    return "\n".join(parts)


def _path(collection: Collection, collections: Mapping[str, Collection]) -> str:
    own = f"{collection.name}/<{collection.key.split(' (')[0]}>"
    if collection.parent is None:
        return own
    return f"{_path(collections[collection.parent], collections)}/{own}"


def _overview(collections: Mapping[str, Collection]) -> str:
    lines = ["| collection | holds | key | how many |", "|---|---|---|---|"]
    lines += [
        f"| [{c.name}](#{c.name}) | {c.holds} | {c.key} | {c.growth} |"
        for c in collections.values()
    ]
    return "\n".join(lines) + "\n"


def _section(collection: Collection, collections: Mapping[str, Collection]) -> Iterator[str]:
    yield f"{collection.holds[:1].upper()}{collection.holds[1:]}.\n"
    yield f"- Path: `{_path(collection, collections)}`"
    yield f"- How many: {collection.growth}"
    if collection.copies:
        yield f"- Kept twice: {collection.copies}"
    if not collection.indexes:
        yield "- Read by its key alone: 1 read."
        return
    yield "\n| question | where | order | scope | Firestore index | reads |"
    yield "|---|---|---|---|---|---|"
    for index in collection.indexes:
        yield _row(index)


def _row(index: Index) -> str:
    equal = ", ".join(f"`{field}`" for field in index.equal) or "all"
    order = f"`{index.order_by}`, id" if index.order_by else "id"
    ways = "both ways" if index.both_ways or not index.composite else "ascending"
    scope = "all parents" if index.group else "one parent"
    kind = "automatic"
    if index.composite:
        kind = "composite" if index.equal else "field, group scope"
    return f"| {index.serves} | {equal} | {order} ({ways}) | {scope} | {kind} | {index.reads} |"


# ------------------------------------------------------------------------- comparing


def drift(root: Path) -> list[str]:
    """Compare what is there with what follows from the code; a unified diff, line by line."""
    lines: list[str] = []
    for path, wanted in render().items():
        found = (root / path).read_text("utf-8") if (root / path).exists() else ""
        lines += difflib.unified_diff(
            found.splitlines(), wanted.splitlines(), f"{path}", f"{path} (generated)", lineterm=""
        )
    stale = (root / "docs/reference/messages").glob("*.json")
    lines += [
        f"{path}: no such message" for path in stale if path.relative_to(root) not in render()
    ]
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 on drift")
    if parser.parse_args().check:
        lines = drift(ROOT)
        print("\n".join(lines) or "generated files are up to date")
        return 1 if lines else 0
    for path, text in render().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
