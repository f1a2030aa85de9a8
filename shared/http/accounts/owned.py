"""Accounts in requests: a user's own, or refused."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends

from shared.domain.errors import InvalidInput
from shared.domain.ids import AccountKey, UserId
from shared.http.identity import Identify
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


def owned_by(queries: JournalQueries, identify: Identify) -> Callable[..., Awaitable[AccountKey]]:
    """Make what a route with `{account}` in its path depends on: the account, or a refusal."""
    User = Annotated[UserId, Depends(identify)]  # noqa: N806 - a type

    async def owned(user: User, account: AccountKey) -> AccountKey:
        await check_account(queries, user, account)
        return account

    return owned
