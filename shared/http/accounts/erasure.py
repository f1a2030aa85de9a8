"""Erasing one account, or everything of a user, for good."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from shared.domain.ids import AccountKey, UserId
from shared.http.accounts.owned import check_account
from shared.http.identity import Identify
from shared.journal.queries import JournalQueries
from shared.journal.tombstones import Erasure
from shared.journal.upkeep.user_erasure import UserErasure


def erasure_router(
    accounts: Erasure, users: UserErasure, queries: JournalQueries, identify: Identify
) -> APIRouter:
    """Make the routes; `identify` names the user of a request or refuses it."""
    router = APIRouter()
    User = Annotated[UserId, Depends(identify)]  # noqa: N806 - a type
    Sure = Annotated[Literal["erase"], Query(description="says that it is meant")]  # noqa: N806

    @router.delete("/v1/accounts/{account}", status_code=204)
    async def erase_account(user: User, account: AccountKey, confirm: Sure) -> None:
        """Erase an account's rows and all that follows from them; its logins stay.

        What was under way is dropped; the next sync of a login that still reaches it reads anew.
        """
        del confirm
        await check_account(queries, user, account)
        await accounts.erase(user, account)

    @router.delete("/v1/user", status_code=204)
    async def erase_user(user: User, confirm: Sure) -> None:
        """Erase logins, secrets, log, journal, notes: all of it; a tombstone alone is left."""
        del confirm
        await users.erase(user)

    return router
