"""What an account's figures follow from besides its log, as its user decides."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict

from shared.domain.ids import AccountKey, UserId
from shared.domain.journal.lots import CostMethod
from shared.domain.journal.opening import OpeningLot
from shared.http.accounts.owned import owned_by
from shared.http.identity import Identify
from shared.journal.queries import JournalQueries
from shared.journal.reconciliation.stated import Stated, StatedLots
from shared.journal.upkeep.cost_method import CostMethods

Symbol = Annotated[str, Path(max_length=100)]  # BTC/USD is one


class Method(BaseModel):
    """How the cost of what is closed is counted."""

    model_config = ConfigDict(extra="forbid")

    method: CostMethod


@dataclass(frozen=True, slots=True)
class Books:
    """The use cases."""

    lots: StatedLots
    methods: CostMethods


def books_router(books: Books, queries: JournalQueries, identify: Identify) -> APIRouter:
    """Make the routes; `identify` names the user of a request or refuses it."""
    router = APIRouter()
    User = Annotated[UserId, Depends(identify)]  # noqa: N806 - a type
    Account = Annotated[AccountKey, Depends(owned_by(queries, identify))]  # noqa: N806 - a type

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
