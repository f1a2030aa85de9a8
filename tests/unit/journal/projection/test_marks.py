"""Pages that a build has read need no build of their own."""

import pytest

from shared.domain.ids import AccountKey, UserId
from shared.domain.messages import JournalChanged
from shared.domain.time import to_micros
from shared.journal.projection.documents import gate_key
from shared.journal.projection.marks import Mark, includes, mark_writes, stored_pages
from shared.ports import Create, Document, Key
from tests.twins.manual_clock import START
from tests.twins.memory_documents import MemoryDocuments

USER, ACCOUNT = UserId("user-1"), AccountKey("account-1")
ROOTS = ("SPY", "SPY", "QQQ", "SPY")
GATE = gate_key(USER, ACCOUNT, "SPY")


def changed(run: int | None, page: int | None) -> JournalChanged:
    return JournalChanged(
        user_id=USER,
        account_key=ACCOUNT,
        roots=("SPY",),
        changed_from=START,
        run=run,
        page=page,
    )


def noted(run: int, pages: int) -> Document:
    return Document(Key("build_marks", GATE.path), {"run": run, "pages": pages}, "1")


async def with_receipts(*pages: int) -> MemoryDocuments:
    documents = MemoryDocuments()
    for page in pages:
        key = Key("receipts", (USER, f"{ACCOUNT}-{7:012d}-{page:08d}"))
        at_us = to_micros(START) - page
        told = {"account_key": ACCOUNT, "run": 7, "page": page, "roots": [ROOTS[page]]}
        await documents.commit([Create(key, {**told, "changed_from_us": at_us})])
    return documents


def test_a_page_below_the_mark_is_included() -> None:
    assert includes(noted(7, 3), changed(7, 2))


def test_a_page_at_the_mark_is_not() -> None:
    assert not includes(noted(7, 3), changed(7, 3))


def test_a_page_of_another_run_is_not() -> None:
    assert not includes(noted(7, 3), changed(6, 2))


def test_a_message_that_names_no_page_is_never_included() -> None:
    assert not includes(noted(7, 3), changed(None, None))


async def test_pages_count_up_to_the_first_gap() -> None:
    documents = await with_receipts(0, 1, 3)
    mark, _ = await stored_pages(documents, None, changed(7, 0), "SPY")
    assert mark == Mark(7, 2)


async def test_counting_goes_on_from_the_mark() -> None:
    documents = await with_receipts(2, 3)
    mark, _ = await stored_pages(documents, noted(7, 2), changed(7, 3), "SPY")
    assert mark == Mark(7, 4)


@pytest.mark.parametrize(("root", "back_us"), [("SPY", 1), ("QQQ", 2), ("IWM", 0)])
async def test_a_build_goes_back_to_the_earliest_change_of_the_pages_it_is_marked_with(
    root: str, back_us: int
) -> None:
    documents = await with_receipts(0, 1, 2)
    _, changed_us = await stored_pages(documents, None, changed(7, 0), root)
    assert changed_us == to_micros(START) - back_us


def test_an_older_run_never_takes_a_newer_ones_mark_back() -> None:
    assert mark_writes(GATE, noted(8, 1), Mark(7, 5)) == []


def test_the_same_mark_is_not_written_again() -> None:
    assert mark_writes(GATE, noted(7, 5), Mark(7, 5)) == []
