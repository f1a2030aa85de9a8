"""Accounts in requests: a user's own, or refused."""

from shared.domain.errors import InvalidInput
from shared.domain.ids import AccountKey, UserId
from shared.journal.queries import JournalQueries


async def check_account(queries: JournalQueries, user: UserId, account: AccountKey | None) -> None:
    """Refuse an account that is not the user's; None stands for all of theirs.

    Raises: InvalidInput, StoreUnavailable.
    """
    if account is None:
        return
    known = [one.account_key for one in await queries.accounts(user)]
    if account not in known:
        raise InvalidInput(f"you have no account {account!r}", expected=known)
