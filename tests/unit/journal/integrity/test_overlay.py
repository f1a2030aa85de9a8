from hypothesis import given
from hypothesis import strategies as st

from shared.journal.integrity.overlay import Overlay
from shared.ports import Create, Delete, Key, Query, Update, Write
from tests.rows import ACCOUNT, USER
from tests.twins.memory_documents import MemoryDocuments

Step = tuple[int, int | None]  # which trip, and when it closed: -1 takes it away
steps = st.lists(st.tuples(st.integers(0, 5), st.none() | st.integers(-1, 4)), max_size=25)
bounds = st.none() | st.integers(0, 5)


@given(steps, steps, bounds, bounds, st.booleans())
async def test_a_scan_gives_what_a_store_would(
    first: list[Step], then: list[Step], low: int | None, high: int | None, back: bool
) -> None:
    store, overlay = MemoryDocuments(), Overlay(MemoryDocuments())
    where = {"account_key": ACCOUNT}
    ordered = Query("round_trips", (USER,), where, "closed_us", low, high, descending=back)
    for taken in (first, then):  # the second time in order, as it is by then
        for step in taken:
            await _take(store, step)
            await _take(overlay, step)
        for query in (ordered, Query("round_trips", (USER,))):
            wanted = [(d.key, d.body) for d in (await store.scan(query)).documents]
            assert [(d.key, d.body) for d in (await overlay.scan(query)).documents] == wanted


async def _take(documents: MemoryDocuments | Overlay, step: Step) -> None:
    number, closed_us = step
    key = Key("round_trips", (USER, f"trip-{number}"))
    body = {"account_key": ACCOUNT, "root": "SPY", "opened_us": number, "closed_us": closed_us}
    (found,) = await documents.get_many([key])
    write: Write = Create(key, body) if found is None else Update(key, body, found.version)
    await documents.commit([Delete(key) if closed_us == -1 else write])
