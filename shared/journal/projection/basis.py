"""What an account's journal follows from besides its log: the cost method and the opening lots."""

from collections.abc import Iterable

from shared.domain.ids import AccountKey, UserId, content_hash, content_key
from shared.domain.journal.ledger import Basis
from shared.domain.journal.lots import CostMethod
from shared.domain.journal.opening import OpeningLot
from shared.domain.time import to_micros
from shared.journal.annotations.exclusions import Excluded, excluded_rows
from shared.ports import Body, Document, Documents, Key, Query
from shared.scanning import every

PROJECTION = 3  # raise it when the same log must give other bytes: everything is then rebuilt
COST_METHOD = "cost_method"  # field of an account's document; absent means first in, first out


def lot_key(user_id: UserId, account_key: AccountKey, lot: OpeningLot) -> Key:
    """Address an opening lot: one a symbol and currency."""
    content = content_key("opening-lot", account_key, lot.symbol, lot.currency)
    return Key("opening_lots", (user_id, content))


def lot_body(account_key: AccountKey, lot: OpeningLot) -> Body:
    """Render an opening lot; whoever writes one publishes JournalChanged for its root."""
    return {
        "account_key": account_key,
        "root": lot.root,
        "held_us": to_micros(lot.held_at),
        "lot": lot.model_dump(mode="json"),
    }


def read_lot(body: Body) -> OpeningLot:
    """Read an opening lot back."""
    return OpeningLot.model_validate(body["lot"])


async def read_basis(
    documents: Documents,
    user_id: UserId,
    account_key: AccountKey,
    root: str,
    account: Document | None,
) -> Basis:
    """Read the basis of one root, given the account's document.

    Raises: StoreUnavailable.
    """
    where = {"account_key": account_key, "root": root}
    query = Query("opening_lots", (user_id,), where=where, order_by="held_us")
    lots = [read_lot(found.body) async for found in every(documents, query)]
    left_out = (await excluded_rows(documents, user_id, account_key))[root]
    return basis_of(account, lots, left_out)


def cost_method(account: Document | None) -> CostMethod:
    """Read how an account's cost is counted."""
    return CostMethod(account.body.get(COST_METHOD, CostMethod.FIFO) if account else "fifo")


def basis_of(account: Document | None, lots: Iterable[OpeningLot], left_out: Excluded) -> Basis:
    """Put the basis of a root together."""
    rows, trips = frozenset(left_out.executions), frozenset(left_out.round_trips)
    return Basis(cost_method(account), tuple(lots), rows, trips)


def basis_digest(basis: Basis) -> str:
    """Tell one basis from another; a position document says which one it follows from."""
    lots = [lot.model_dump(mode="json") for lot in basis.in_order]
    left_out = [sorted(basis.excluded), sorted(basis.set_aside)]
    return content_hash([PROJECTION, basis.method, lots, left_out])
