from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.passage import Passage, PassageKind
from shared.retrieval.chunking import tokens_at_most
from shared.retrieval.documents import TOKENS, RetrievalDocument, passages_of

KNOWN = datetime(2020, 5, 28, 12, 1, tzinfo=UTC)
DOCUMENT = RetrievalDocument(
    kind=PassageKind.NEWS,
    source="alpaca-news",
    name="17",
    title="Gold rises",
    text="Gold rose. Silver followed.",
    url="https://news.example/17",
    known_at=KNOWN,
    happened_at=KNOWN - timedelta(minutes=5),
    instruments=("GC", "XAUUSD"),
    currencies=("USD",),
)


def changed(**changes) -> RetrievalDocument:
    return DOCUMENT.model_copy(update=changes)


def test_a_short_document_is_one_passage_with_all_that_it_says():
    (passage,) = passages_of(DOCUMENT)
    assert (passage.title, passage.text) == ("Gold rises", "Gold rose. Silver followed.")
    assert (passage.known_at, passage.happened_at) == (KNOWN, KNOWN - timedelta(minutes=5))
    assert (passage.instruments, passage.currencies) == (("GC", "XAUUSD"), ("USD",))
    assert passage.url == "https://news.example/17"


@pytest.mark.parametrize("title", ["Gold rises", "7" * 300, "金" * 300])
def test_a_long_document_is_cut_into_parts_that_an_embedder_reads_whole(title):
    parts = passages_of(changed(title=title, text="Gold rose again on a weaker dollar. " * 100))
    assert [p.part for p in parts] == list(range(len(parts)))
    assert len({p.id for p in parts}) == len(parts) > 3
    assert len({p.document for p in parts}) == 1
    assert all(tokens_at_most(f"{p.title} {p.text}") <= TOKENS for p in parts)


def test_a_document_without_a_text_is_its_title():
    (passage,) = passages_of(changed(text=" "))
    assert passage.text == "Gold rises"


def test_equal_documents_have_equal_ids():
    assert passages_of(DOCUMENT) == passages_of(changed())


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Gold falls"},
        {"text": "Gold rose."},
        {"url": ""},
        {"known_at": KNOWN + timedelta(hours=1)},
        {"instruments": ("GC",)},
    ],
    ids=str,
)
def test_another_version_has_another_id_and_belongs_to_the_same_document(changes):
    (one,), (other,) = passages_of(DOCUMENT), passages_of(changed(**changes))
    assert one.id != other.id
    assert one.document == other.document


@pytest.mark.parametrize(
    "changes", [{"name": "18"}, {"source": "other"}, {"kind": PassageKind.EVENTS}], ids=str
)
def test_another_article_is_another_document(changes):
    (one,), (other,) = passages_of(DOCUMENT), passages_of(changed(**changes))
    assert one.document != other.document


def test_an_address_that_no_page_may_link_to_is_left_out():
    (passage,) = passages_of(changed(url="javascript:alert(1)"))
    assert passage.url == ""


def test_a_passage_survives_an_index():
    (passage,) = passages_of(DOCUMENT)
    assert Passage.read(passage.id, passage.payload()) == passage
