"""What an account's journal follows from besides its log: the cost method and the opening lots."""

from shared.domain.annotation import Subject
from shared.domain.ids import AccountKey, UserId, content_key
from shared.domain.journal.ledger import Basis
from shared.domain.journal.lots import CostMethod
from shared.domain.journal.opening import OpeningLot
from shared.domain.time import to_micros
from shared.journal.annotations.store import excluded_rows
from shared.journal.scanning import every
from shared.ports import Body, Document, Documents, Key, Query

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
    method = CostMethod(account.body.get(COST_METHOD, CostMethod.FIFO) if account else "fifo")
    where = {"account_key": account_key, "root": root}
    query = Query("opening_lots", (user_id,), where=where, order_by="held_us")
    lots = [read_lot(found.body) async for found in every(documents, query)]
    left_out = await excluded_rows(documents, user_id, account_key, root)
    return Basis(method, tuple(lots), left_out[Subject.EXECUTION], left_out[Subject.ROUND_TRIP])
