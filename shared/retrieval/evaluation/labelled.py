"""Read a labelled set: documents, questions, and which documents answer which.

Source: the layout of ../shared/retrieval (documents.jsonl, queries.jsonl, qrels.tsv).
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from shared.domain.errors import InvalidInput

CONTEXTS_A_GROUP = 20
_TEXT = "text"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LabelledDocument:
    """A text that may be found; `group` is what a scoped question is asked within."""

    id: str
    group: str
    text: str


@dataclass(frozen=True, slots=True)
class LabelledQuery:
    """A question with the ids of the documents that answer it; `plain` if running text does."""

    id: str
    group: str
    text: str
    plain: bool
    relevant: frozenset[str]


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """What is measured on; `ignored` counts what of the files is not, by why."""

    documents: tuple[LabelledDocument, ...]
    queries: tuple[LabelledQuery, ...]
    ignored: Mapping[str, int]


def read_labelled(folder: Path) -> LabelledSet:
    """Read a set; what cannot be used of it is counted.

    Shape: a group is 20 contexts of documents in the order of their first appearance. A question
    belongs to its context's group; without one, or with one that no document has, to that of its
    first relevant document. One that does not say what answers it is answered by running text.
    Raises: InvalidInput for a file that is missing, a line that cannot be read, by its number, and
    a set of which no question can be asked.
    """
    ignored = Counter[str]()
    documents = _by_id(folder / "documents.jsonl", ignored)
    queries = _by_id(folder / "queries.jsonl", ignored)
    relevant = _relevant(folder / "qrels.tsv", documents, queries, ignored)
    asked = [row for row in queries.values() if relevant[row["id"]]]
    if len(asked) < len(queries):
        ignored["queries without a relevant document"] = len(queries) - len(asked)
    if not asked:
        raise InvalidInput(f"{folder}: no question can be asked, {_told(ignored)}")
    groups = _groups(documents.values())
    return LabelledSet(
        tuple(
            LabelledDocument(row["id"], groups[_context(row)], row["text"])
            for row in documents.values()
        ),
        tuple(
            LabelledQuery(
                row["id"],
                groups[_asked_within(row, groups, documents, relevant, ignored)],
                row["text"],
                (row.get("answer_from") or _TEXT) == _TEXT,
                frozenset(relevant[row["id"]]),
            )
            for row in asked
        ),
        dict(ignored),
    )


def _told(ignored: Mapping[str, int]) -> str:
    counts = ", ".join(f"{number} {why}" for why, number in ignored.items())
    return counts or "there is none in queries.jsonl"


def _groups(documents: Iterable[Row]) -> dict[str, str]:
    contexts = dict.fromkeys(_context(row) for row in documents)
    return {c: f"group-{n // CONTEXTS_A_GROUP}" for n, c in enumerate(contexts)}


def _context(row: Row) -> str:
    named = row.get("context")
    return str(row["id"] if named is None else named)


def _asked_within(
    query: Row,
    groups: Mapping[str, str],
    documents: Mapping[str, Row],
    relevant: Mapping[str, Mapping[str, None]],
    ignored: Counter[str],
) -> str:
    named = query.get("context")
    if named is not None and str(named) in groups:
        return str(named)
    if named is not None:
        ignored["contexts of queries that no document has"] += 1
    return _context(documents[next(iter(relevant[query["id"]]))])


def _by_id(path: Path, ignored: Counter[str]) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for number, line in _lines(path):
        row = _row(line, f"{path}:{number}")
        if not row["text"].strip():
            ignored[f"empty texts in {path.name}"] += 1
        elif row["id"] in rows:
            ignored[f"repeated ids in {path.name}"] += 1
        else:
            rows[row["id"]] = row
    return rows


def _row(line: str, where: str) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{where}: expected a JSON object") from error
    if not isinstance(row, dict) or row.get("id") is None:
        raise InvalidInput(f"{where}: expected a JSON object with an id")
    text = row.get("text")
    return row | {"id": _plain(row["id"]), "text": "" if text is None else _plain(text)}


def _plain(value: object) -> str:
    """Write a value without the half characters that JSON can hold and nothing can store."""
    return str(value).encode(errors="replace").decode()


def _relevant(
    path: Path,
    documents: Mapping[str, Row],
    queries: Mapping[str, Row],
    ignored: Counter[str],
) -> defaultdict[str, dict[str, None]]:
    relevant: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for place, (number, line) in enumerate(_lines(path)):
        fields = line.strip().split("\t" if "\t" in line else None)
        if place == 0 and _is_heading(fields, queries):
            continue
        if len(fields) not in {2, 3, 4}:
            raise InvalidInput(f"{path}:{number}: expected query id, document id, relevance")
        # the form of TREC has an iteration, always 0, between the two ids
        query, document = fields[0], fields[2 if len(fields) == 4 else 1]
        labelled = len(fields) == 2 or _number(fields[-1], path, number) > 0
        if query not in queries or document not in documents:
            ignored["labels of unknown ids"] += 1
        elif labelled:
            relevant[query][document] = None
    return relevant


def _is_heading(fields: Sequence[str], queries: Mapping[str, Row]) -> bool:
    """Tell a heading, which names no query and, where there is a relevance, gives no number."""
    return fields[0] not in queries and (len(fields) == 2 or not _is_number(fields[-1]))


def _number(text: str, path: Path, number: int) -> float:
    if not _is_number(text):
        raise InvalidInput(f"{path}:{number}: {text!r} is no relevance")
    return float(text)


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}") from error
