"""How far a root's last build had read: pages that it included need no build of their own.

A page's receipt is committed with its rows, so a receipt that is there before the log is read
proves that the reading includes the page. A backfill of a hundred pages then costs a few builds.
"""

from dataclasses import dataclass

from shared.domain.messages import JournalChanged
from shared.domain.time import to_micros
from shared.ports import Create, Document, Documents, Key, Query, Update, Write
from shared.scanning import every


@dataclass(frozen=True, slots=True)
class Mark:
    """Pages 0 to below `pages` of `run` are in the last build."""

    run: int
    pages: int


def mark_key(gate: Key) -> Key:
    """Address the mark beside a root's position document."""
    return Key("build_marks", gate.path)


def includes(found: Document | None, message: JournalChanged) -> bool:
    """Tell whether the last build has the page that a message speaks of."""
    if found is None or message.run is None or message.page is None:
        return False
    run: int = found.body["run"]
    pages: int = found.body["pages"]
    return run == message.run and message.page < pages


async def stored_pages(
    documents: Documents, found: Document | None, message: JournalChanged, root: str
) -> tuple[Mark | None, int]:
    """Count the pages of the message's run that are stored without a gap, before the log is read.

    Shape: with the earliest instant that they, or the message's own page, changed in the root: the
    build that is marked with them goes back to it.
    Raises: StoreUnavailable.
    """
    changed_us = to_micros(message.changed_from)
    if message.run is None:
        return None, changed_us
    same = found is not None and found.body["run"] == message.run
    pages: int = found.body["pages"] if found is not None and same else 0
    query = Query(
        "receipts",
        (message.user_id,),
        where={"account_key": message.account_key, "run": message.run},
        order_by="page",
        at_least=pages,
    )
    async for receipt in every(documents, query):
        if receipt.body["page"] != pages:
            break
        pages += 1
        if root in receipt.body["roots"]:
            changed_us = min(changed_us, receipt.body["changed_from_us"])
    return Mark(message.run, pages), changed_us


def mark_writes(gate: Key, found: Document | None, mark: Mark | None) -> list[Write]:
    """Write down how far the log was read, unless a newer run has been."""
    if mark is None or (found is not None and found.body["run"] > mark.run):
        return []
    body = {"run": mark.run, "pages": mark.pages}
    if found is None:
        return [Create(mark_key(gate), body)]
    return [] if dict(found.body) == body else [Update(found.key, body, found.version)]
