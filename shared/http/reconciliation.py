"""Holding an account against its broker on demand, and what is known of differences."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from shared.domain.ids import AccountKey, UserId
from shared.domain.journal.lots import CostMethod
from shared.domain.journal.opening import OpeningLot
from shared.http.accounts import check_account
from shared.http.identity import Identify
from shared.journal.queries import JournalQueries
from shared.journal.reconcile import Reconcile
from shared.journal.reconciliation.result import Reconciliation
from shared.journal.reconciliation.stated import Stated, StatedLots
from shared.journal.upkeep.cost_method import CostMethods


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


@dataclass(frozen=True, slots=True)
class Books:
    """What an account's figures follow from besides its log, as its user decides."""

    lots: StatedLots
    methods: CostMethods


class Method(BaseModel):
    """How the cost of what is closed is counted."""

    model_config = ConfigDict(extra="forbid")

    method: CostMethod


def reconciliation_router(
    reconcile: Reconcile, books: Books, queries: JournalQueries, identify: Identify
) -> APIRouter:
    """Make the routes; `identify` names the user of a request or refuses it."""
    router = APIRouter()
    User = Annotated[UserId, Depends(identify)]  # noqa: N806 - a type

    async def owned(user: User, account: AccountKey) -> AccountKey:
        await check_account(queries, user, account)
        return account

    Account = Annotated[AccountKey, Depends(owned)]  # noqa: N806 - a type
    Symbol = Annotated[str, Path(max_length=100)]  # noqa: N806 - a type; BTC/USD is one

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

    @router.put("/v1/accounts/{account}/opening-lots/{symbol:path}")
    async def state_lot(user: User, account: Account, symbol: Symbol, stated: Stated) -> OpeningLot:
        """State what was held of a symbol in all at an instant; it wins over what was inferred."""
        return await books.lots.state(user, account, symbol, stated)

    @router.delete("/v1/accounts/{account}/opening-lots/{symbol:path}", status_code=204)
    async def take_lot_back(user: User, account: Account, symbol: Symbol) -> None:
        """Forget a stated opening lot."""
        await books.lots.take_back(user, account, symbol)

    @router.put("/v1/accounts/{account}/cost-method", status_code=204)
    async def choose_method(user: User, account: Account, chosen: Method) -> None:
        """Count the account's cost first in, first out, or on average; all of it is built anew."""
        await books.methods.choose(user, account, chosen.method)

    return router
