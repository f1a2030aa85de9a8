"""Telling builds that what an account's journal follows from has changed."""

from collections.abc import Sequence
from datetime import datetime

from shared.domain.ids import AccountKey, UserId
from shared.domain.messages import JournalChanged
from shared.ports import MessageBus, Outgoing

_ROOTS = 50  # a build of all of an account is many messages: each stays within a consumer's time


async def publish_changed(
    bus: MessageBus,
    user_id: UserId,
    account_key: AccountKey,
    roots: Sequence[str],
    changed_from: datetime,
) -> None:
    """Let roots be built anew from an instant.

    Raises: StoreUnavailable.
    """
    for begin in range(0, len(roots), _ROOTS):
        changed = JournalChanged(
            user_id=user_id,
            account_key=account_key,
            roots=tuple(roots[begin : begin + _ROOTS]),
            changed_from=changed_from,
        )
        await bus.publish([Outgoing(JournalChanged.topic, changed.encode())])
