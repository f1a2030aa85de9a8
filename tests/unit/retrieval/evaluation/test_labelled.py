import json
from pathlib import Path

import pytest

from shared.domain.errors import InvalidInput
from shared.retrieval.evaluation.labelled import read_labelled

SLICE = Path(__file__).parents[3] / "fixtures" / "retrieval"


def document(name: str, **changed: object) -> str:
    return json.dumps({"id": name, "context": name, "text": f"text of {name}"} | changed)


def query(name: str, **changed: object) -> str:
    return json.dumps({"id": name, "context": "d1", "text": "?", "answer_from": "text"} | changed)


def written(
    folder: Path,
    documents: str = f"{document('d1')}\n",
    queries: str = f"{query('q1')}\n",
    labels: str = "query_id\tdocument_id\trelevance\nq1\td1\t1\n",
) -> Path:
    (folder / "documents.jsonl").write_text(documents)
    (folder / "queries.jsonl").write_text(queries)
    (folder / "qrels.tsv").write_text(labels)
    return folder


def test_the_slice_is_read_whole():
    found = read_labelled(SLICE)
    assert (len(found.documents), len(found.queries), found.ignored) == (125, 132, {})
    assert 0 < sum(query.plain for query in found.queries) < len(found.queries)


def test_twenty_contexts_are_a_group():
    groups = [document.group for document in read_labelled(SLICE).documents]
    assert sorted(set(groups)) == ["group-0", "group-1"]
    assert groups == sorted(groups)


@pytest.mark.parametrize(
    "labels",
    [
        "query_id\tdocument_id\trelevance\nq1\td1\t1\n",
        "q1\td1\t1\n",
        "\nq1 0 d1 1\n\n",
        "q1\td1\n",
        "qid docid\nq1\td1\t2.0\nq1\td1\t0\n",
    ],
)
def test_labels_come_with_a_heading_or_without(tmp_path, labels):
    (found,) = read_labelled(written(tmp_path, labels=labels)).queries
    assert found.relevant == {"d1"}


def test_a_label_of_nothing_is_no_label(tmp_path):
    queries, labels = f"{query('q1')}\n{query('q2')}\n", "q1\td1\t0\nq2\td1\t1\n"
    found = read_labelled(written(tmp_path, queries=queries, labels=labels))
    assert [one.id for one in found.queries] == ["q2"]
    assert found.ignored == {"queries without a relevant document": 1}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"labels": "q1\td1\t0\n"}, "1 queries without a relevant document"),
        ({"documents": ""}, "1 labels of unknown ids"),
        ({"queries": ""}, "1 labels of unknown ids"),
        ({"queries": "", "labels": ""}, "there is none"),
        ({"queries": query("q1", text=" ")}, "1 empty texts in queries.jsonl"),
    ],
)
def test_a_set_without_any_question_is_told_with_what_became_of_them(tmp_path, changed, why):
    with pytest.raises(InvalidInput, match=f"no question can be asked, .*{why}"):
        read_labelled(written(tmp_path, **changed))


def test_a_first_label_of_an_unknown_question_is_no_heading(tmp_path):
    found = read_labelled(written(tmp_path, labels="gone\td1\t1\nq1\td1\t1\n"))
    assert found.ignored == {"labels of unknown ids": 1}


@pytest.mark.parametrize("bare", [{"id": "d2", "context": "d2"}, {"id": "d2", "text": None}])
def test_a_document_without_a_text_is_counted(tmp_path, bare):
    documents = f"{document('d1')}\n{json.dumps(bare)}\n"
    found = read_labelled(written(tmp_path, documents))
    assert ([one.id for one in found.documents], found.ignored) == (
        ["d1"],
        {"empty texts in documents.jsonl": 1},
    )


@pytest.mark.parametrize(("context", "counted"), [(None, 0), ("unknown", 1)])
def test_a_question_of_no_known_context_is_asked_where_its_answer_is(tmp_path, context, counted):
    documents = "\n".join(document(f"d{n}") for n in range(1, 22))
    queries, labels = query("q1", context=context), "q1\td21\t1\nq1\td1\t1\n"
    found = read_labelled(written(tmp_path, documents, queries, labels))
    assert found.queries[0].group == found.documents[20].group
    assert sum(found.ignored.values()) == counted


def test_half_a_character_is_replaced(tmp_path):
    found = read_labelled(written(tmp_path, document("d1", text="oil \ud800")))
    assert found.documents[0].text == "oil ?"


def test_a_question_that_names_no_kind_is_answered_by_text(tmp_path):
    bare = json.dumps({"id": "q1", "text": "?"})
    (found,) = read_labelled(written(tmp_path, queries=f"\n{bare}\n\n")).queries
    assert found.plain


def test_a_context_or_kind_that_is_null_is_none(tmp_path):
    documents = "\n".join(document(f"d{n}", context=None) for n in range(1, 22))
    queries = query("q1", context="d21", answer_from=None)
    found = read_labelled(written(tmp_path, documents, queries, "q1\td21\t1\n"))
    assert found.queries[0].plain
    assert found.queries[0].group == found.documents[20].group != found.documents[0].group


def test_an_id_may_hold_a_blank(tmp_path):
    labels = "query id\tdocument id\trelevance\nq 1\td 1\t1\n"
    found = read_labelled(written(tmp_path, document("d 1"), query("q 1"), labels))
    assert found.queries[0].relevant == {"d 1"}


def test_what_cannot_be_used_is_counted(tmp_path):
    documents = "\n".join([document("d1"), document("d1"), document("d2", text=" "), ""])
    found = read_labelled(written(tmp_path, documents, labels="q1\td1\t1\nq9\td1\t1\nq1\td2\t1\n"))
    assert found.ignored == {
        "repeated ids in documents.jsonl": 1,
        "empty texts in documents.jsonl": 1,
        "labels of unknown ids": 2,
    }


def test_ids_that_are_numbers_and_a_byte_order_mark_are_read(tmp_path):
    documents = "\ufeff" + json.dumps({"id": 7, "context": 7, "text": "x"}) + "\r\n"
    queries = json.dumps({"id": 1, "context": 7, "text": "?"})
    (found,) = read_labelled(written(tmp_path, documents, queries, "1\t7\t1\r\n")).queries
    assert found.relevant == {"7"}


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"documents": "no json"}, "documents.jsonl:1"),
        ({"documents": f"{document('d1')}\n[1]"}, "documents.jsonl:2"),
        ({"documents": '{"text": "without an id"}'}, "documents.jsonl:1"),
        ({"queries": '{"id": null, "text": "?"}'}, "queries.jsonl:1"),
        ({"queries": "[" * 100_000}, "queries.jsonl:1"),
        ({"labels": "q1\td1\tmuch"}, "qrels.tsv:1"),
        ({"labels": "q1\td1\tnan"}, "qrels.tsv:1"),
        ({"labels": "q1\n"}, "qrels.tsv:1"),
        ({"labels": "q1\td1\t1\nq1\n"}, "qrels.tsv:2"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path, changed, where):
    with pytest.raises(InvalidInput, match=where):
        read_labelled(written(tmp_path, **changed))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InvalidInput, match=r"documents\.jsonl cannot be read"):
        read_labelled(tmp_path)
