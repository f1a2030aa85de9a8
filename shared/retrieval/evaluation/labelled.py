"""Read a labelled set: documents, questions, and which documents answer which.

Source: the layout of ../shared/retrieval (documents.jsonl, queries.jsonl, qrels.tsv).
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.domain.errors import InvalidInput

CONTEXTS_A_GROUP = 20
_TEXT = "text"


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

    Shape: a group is 20 contexts in the order of their first appearance. A question that does not
    say what answers it is answered by running text.
    Raises: InvalidInput for a file that is missing or a line that is no JSON object, by its number.
    """
    ignored = Counter[str]()
    documents = _by_id(folder / "documents.jsonl", ignored)
    queries = _by_id(folder / "queries.jsonl", ignored)
    relevant = _relevant(folder / "qrels.tsv", documents, queries, ignored)
    contexts = dict.fromkeys(_context(row) for row in (*documents.values(), *queries.values()))
    groups = {c: f"group-{n // CONTEXTS_A_GROUP}" for n, c in enumerate(contexts)}
    asked = [row for row in queries.values() if relevant[row["id"]]]
    if len(asked) < len(queries):
        ignored["queries without a relevant document"] = len(queries) - len(asked)
    return LabelledSet(
        tuple(
            LabelledDocument(row["id"], groups[_context(row)], row["text"])
            for row in documents.values()
        ),
        tuple(
            LabelledQuery(
                row["id"],
                groups[_context(row)],
                row["text"],
                (row.get("answer_from") or _TEXT) == _TEXT,
                frozenset(relevant[row["id"]]),
            )
            for row in asked
        ),
        dict(ignored),
    )


def _context(row: Mapping[str, Any]) -> str:
    named = row.get("context")
    return str(row["id"] if named is None else named)


def _by_id(path: Path, ignored: Counter[str]) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for number, line in _lines(path):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InvalidInput(f"{path}:{number}: expected a JSON object") from error
        if not isinstance(row, dict) or not {"id", "text"} <= row.keys():
            raise InvalidInput(f"{path}:{number}: expected a JSON object with id and text")
        row |= {"id": str(row["id"]), "text": str(row["text"])}
        if not row["text"].strip():
            ignored[f"empty texts in {path.name}"] += 1
        elif row["id"] in rows:
            ignored[f"repeated ids in {path.name}"] += 1
        else:
            rows[row["id"]] = row
    return rows


def _relevant(
    path: Path,
    documents: Mapping[str, Any],
    queries: Mapping[str, Any],
    ignored: Counter[str],
) -> defaultdict[str, set[str]]:
    relevant: defaultdict[str, set[str]] = defaultdict(set)
    for number, line in _lines(path):
        fields = line.strip().split("\t" if "\t" in line else None)
        if number == 1 and fields[0] not in queries:  # its heading
            continue
        if len(fields) not in {2, 3, 4}:
            raise InvalidInput(f"{path}:{number}: expected query id, document id, relevance")
        # the form of TREC has an iteration, always 0, between the two ids
        query, document = fields[0], fields[2 if len(fields) == 4 else 1]
        if query not in queries or document not in documents:
            ignored["labels of unknown ids"] += 1
        elif len(fields) == 2 or _number(fields[-1], path, number) > 0:
            relevant[query].add(document)
    return relevant


def _number(text: str, path: Path, number: int) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InvalidInput(f"{path}:{number}: {text!r} is no relevance") from error


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}") from error
