"""Projections that follow from another basis than the one that is stored by now.

Whoever changes an account's cost method, its opening lots or what is excluded commits that first
and lets build afterwards. A crash between the two leaves no message behind, but this trace.
"""

from collections import defaultdict

from shared.domain.ids import AccountKey, UserId
from shared.domain.journal.opening import OpeningLot
from shared.journal.annotations.exclusions import excluded_rows
from shared.journal.projection.basis import basis_digest, basis_of, read_basis, read_lot
from shared.journal.projection.documents import gate_key
from shared.journal.projection.gated_writes import UNDER_WAY
from shared.ports import Body, Documents, Key, Query
from shared.scanning import every


async def stale_roots(
    documents: Documents, user_id: UserId, account_key: AccountKey
) -> tuple[str, ...]:
    """Name the roots of an account whose projections do not follow from its basis, in order.

    Shape: a root whose build is under way, or was cut short, is one of them.
    Raises: StoreUnavailable.
    """
    (account,) = await documents.get_many([Key("accounts", (user_id, account_key))])
    where = {"account_key": account_key}
    lots: defaultdict[str, list[OpeningLot]] = defaultdict(list)
    async for found in every(
        documents, Query("opening_lots", (user_id,), where, order_by="held_us")
    ):
        lots[found.body["root"]].append(read_lot(found.body))
    left_out = await excluded_rows(documents, user_id, account_key)
    digests = dict.fromkeys(lots, "")  # of a root that was never built
    async for gate in every(documents, Query("positions", (user_id,), where, order_by="root")):
        digests[gate.body["root"]] = _shown(gate.body)
    return tuple(
        root
        for root, shown in sorted(digests.items())
        if shown != basis_digest(basis_of(account, lots[root], left_out[root]))
    )


async def is_stale(
    documents: Documents, user_id: UserId, account_key: AccountKey, root: str
) -> bool:
    """Tell whether one root is such a one; a root that was never built is not.

    Raises: StoreUnavailable.
    """
    places = [Key("accounts", (user_id, account_key)), gate_key(user_id, account_key, root)]
    account, gate = await documents.get_many(places)
    if gate is None:
        return False
    basis = await read_basis(documents, user_id, account_key, root, account)
    return _shown(gate.body) != basis_digest(basis)


def _shown(gate: Body) -> str:
    digest: str = gate["basis"]
    return "" if gate["log_version"].startswith(UNDER_WAY) else digest
