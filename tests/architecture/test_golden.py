"""Generated files follow from the code, and every query in the code has its index."""

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.golden import drift, firestore_indexes, render
from shared.domain.collections import COLLECTIONS
from shared.domain.collections.model import Collection, Index

ROOT = Path(__file__).parents[2]


def test_generated_files_are_up_to_date() -> None:
    assert drift(ROOT) == [], "run `make golden` and review the diff"


def test_a_changed_file_is_drift(tmp_path: Path) -> None:
    for path, text in render().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "docs/data-model.md").write_text("something else")
    assert any("docs/data-model.md" in line for line in drift(tmp_path))


def test_the_schema_of_a_message_that_is_gone_is_drift(tmp_path: Path) -> None:
    for path, text in render().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "docs/reference/messages/Gone.schema.json").write_text("{}")
    assert ["Gone.schema.json" in line for line in drift(tmp_path)] == [True]


def test_a_path_is_made_of_what_names_a_document_and_tells_nothing_else() -> None:
    assert [c.name for c in COLLECTIONS.values() if ";" in c.key] == []


def _indexes(index: Index) -> dict[str, object]:
    return firestore_indexes({"things": Collection("things", "", "", "", None, (index,))})


def _field(path: str, order: str) -> dict[str, str]:
    return {"fieldPath": path, "order": order}


def test_an_index_of_several_fields_is_composite() -> None:
    (found,) = _indexes(Index(("owner",), "at", ""))["indexes"]
    assert found == {
        "collectionGroup": "things",
        "queryScope": "COLLECTION",
        "fields": [_field("owner", "ASCENDING"), _field("at", "ASCENDING")],
    }


def test_an_index_read_both_ways_is_two_in_firestore() -> None:
    found = _indexes(Index(("owner",), "at", "", both_ways=True))["indexes"]
    assert [index["fields"][-1]["order"] for index in found] == ["ASCENDING", "DESCENDING"]


@pytest.mark.parametrize("index", [Index((), "at", ""), Index((), None, "")], ids=["field", "id"])
def test_what_firestore_indexes_by_itself_is_not_repeated(index: Index) -> None:
    assert _indexes(index)["indexes"] == []


def test_a_group_index_of_one_field_keeps_the_automatic_ones() -> None:
    overrides = _indexes(Index((), "at", "", group=True))["fieldOverrides"]
    (found,) = (override for override in overrides if override["fieldPath"] == "at")
    assert found["indexes"] == [
        {"order": "ASCENDING", "queryScope": "COLLECTION"},
        {"order": "DESCENDING", "queryScope": "COLLECTION"},
        {"order": "ASCENDING", "queryScope": "COLLECTION_GROUP"},
    ]


def test_no_body_is_indexed() -> None:
    overrides = firestore_indexes(COLLECTIONS)["fieldOverrides"]
    bodies = {o["collectionGroup"]: o["indexes"] for o in overrides if o["fieldPath"] == "_body"}
    assert bodies == {name: [] for name in COLLECTIONS}


# ------------------------------------------------------- queries that the text shows


@dataclass(frozen=True)
class Shape:
    """What a `Query(...)` call says in plain literals; None where a variable stands."""

    where: str
    collection: str | None
    equal: frozenset[str] | None
    order_by: str | None
    order_is_known: bool
    group: bool | None
    descending: bool | None


def _literal(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _shape(path: Path, call: ast.Call) -> Shape:
    names = ("collection", "parent", "where", "order_by")
    given = dict(zip(names, call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    where, order, way = given.get("where"), given.get("order_by"), given.get("descending")
    equal: frozenset[str] | None = frozenset() if where is None else None
    if isinstance(where, ast.Dict):
        equal = frozenset(str(_literal(key)) for key in where.keys)
    parent = given.get("parent")
    return Shape(
        where=f"{path.relative_to(ROOT)}:{call.lineno}",
        collection=_text(_literal(given.get("collection"))),
        equal=equal,
        order_by=_text(_literal(order)),
        order_is_known=order is None or isinstance(order, ast.Constant),
        group=True if isinstance(parent, ast.Constant) else _is_parent(parent),
        descending=bool(_literal(way)) if way is None or isinstance(way, ast.Constant) else None,
    )


def _is_parent(node: ast.expr | None) -> bool | None:
    return False if isinstance(node, ast.Tuple) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _uses_ports_query(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "shared.ports"
        and any(alias.name == "Query" for alias in node.names)
        for node in ast.walk(tree)
    )


def _shapes() -> list[Shape]:
    found = []
    for path in sorted((ROOT / "shared").rglob("*.py")):
        tree = ast.parse(path.read_text())
        if _uses_ports_query(tree):
            found += [
                _shape(path, node)
                for node in ast.walk(tree)
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "Query"
            ]
    return found


def _serves(index: Index, shape: Shape) -> bool:
    return (
        (shape.equal is None or frozenset(index.equal) == shape.equal)
        and (not shape.order_is_known or index.order_by == shape.order_by)
        and (shape.group is None or index.group == shape.group)
        and not (shape.descending and index.composite and not index.both_ways)
    )


@pytest.mark.parametrize("shape", _shapes(), ids=lambda shape: shape.where)
def test_every_query_in_the_code_has_its_index(shape: Shape) -> None:
    collections = [shape.collection] if shape.collection else list(COLLECTIONS)
    indexes = [index for name in collections for index in COLLECTIONS[name].indexes]
    assert any(_serves(index, shape) for index in indexes), shape


def test_queries_were_found() -> None:
    assert len(_shapes()) > 5
