"""Holding an account against its broker on demand, and what is known of differences."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from shared.domain.ids import AccountKey, UserId
from shared.domain.journal.opening import OpeningLot
from shared.http.accounts.books import Symbol
from shared.http.accounts.owned import owned_by
from shared.http.identity import Identify
from shared.journal.queries import JournalQueries
from shared.journal.reconcile import Reconcile
from shared.journal.reconciliation.result import Reconciliation


class Known(BaseModel):
    """What the user knows of a difference."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(min_length=1, max_length=2000)


class Discrepancies(BaseModel):
    """An account's differences, those that were resolved too, with what may have caused them."""

    items: list[dict[str, Any]]


class OpeningLots(BaseModel):
    """What an account held before its known history begins."""

    items: list[OpeningLot]


def reconciliation_router(
    reconcile: Reconcile, queries: JournalQueries, identify: Identify
) -> APIRouter:
    """Make the routes; `identify` names the user of a request or refuses it."""
    router = APIRouter()
    User = Annotated[UserId, Depends(identify)]  # noqa: N806 - a type
    Account = Annotated[AccountKey, Depends(owned_by(queries, identify))]  # noqa: N806 - a type

    @router.post("/v1/accounts/{account}/reconcile")
    async def reconcile_now(user: User, account: Account) -> Reconciliation:
        """Hold an account against its broker's newest report, now."""
        return await reconcile.reconcile(user, account)

    @router.get("/v1/accounts/{account}/discrepancies")
    async def discrepancies(user: User, account: Account) -> Discrepancies:
        """Where broker and journal differ, and what may have caused it, the likeliest first."""
        found = await queries.discrepancies(user, account)
        return Discrepancies(items=[dict(one) for one in found])

    @router.put("/v1/accounts/{account}/discrepancies/{symbol:path}", status_code=204)
    async def acknowledge(user: User, account: Account, symbol: Symbol, known: Known) -> None:
        """Note why a symbol differs; it opens again when the difference changes."""
        await reconcile.acknowledge(user, account, symbol, known.note)

    @router.get("/v1/accounts/{account}/opening-lots")
    async def opening_lots(user: User, account: Account) -> OpeningLots:
        """What was held before the known history begins: inferred from reports, or stated."""
        return OpeningLots(items=list(await queries.opening_lots(user, account)))

    return router
