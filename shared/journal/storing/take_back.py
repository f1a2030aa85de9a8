"""What a page left behind after its account or user was erased is removed again.

A page that was read before an erasure and committed after the erasure's last pass would leave rows
that nobody finds. Who committed looks once more; a crash before that leaves the message
unacknowledged, and its next delivery, which is dropped, does the same.
"""

from shared.domain.messages import ExecutionsObserved
from shared.journal.storing.log import run_of
from shared.journal.storing.quarantine import unread_key
from shared.ports import Clock, Delete, Document, Documents, Entropy, Key
from shared.retry import compare_and_set


def receipt_key(message: ExecutionsObserved) -> Key:
    """Name a page's receipt."""
    number = f"{message.account_key}-{message.run:012d}-{message.page:08d}"
    return Key("receipts", (message.user_id, number))


async def take_back(
    documents: Documents, clock: Clock, entropy: Entropy, message: ExecutionsObserved
) -> None:
    """Remove what this page's run wrote; rows that a later login read anew stay.

    Idempotent. Only what was created can be left: what an erasure removed can no longer be updated,
    so no row has a history here.
    Raises: StoreUnavailable.
    """
    rows = dict.fromkeys(Key("executions", (message.user_id, one.key)) for one in message.rows)
    unread = dict.fromkeys(unread_key(message, row) for row in message.unread)

    async def remove() -> None:
        found = await documents.get_many([*rows, *unread, receipt_key(message)])
        left = [one for one in found if one is not None and _run(one) <= message.run]
        if left:
            await documents.commit([Delete(one.key, one.version) for one in left])

    await compare_and_set(clock, entropy, remove)


def _run(document: Document) -> int:
    if document.key.collection == "executions":
        return run_of(document.body)
    run: int = document.body["run"]
    return run
