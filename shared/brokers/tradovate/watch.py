"""Watching the current session: the fills of the whole login, of which one account's are kept.

Fills do not name their account, orders do. All that serves every account is asked for once a
message, with the same question, so that twenty accounts cost one list of fills.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.brokers.spec import Ask, Request
from shared.brokers.tradovate.entities import dependents, items, library_of, listing
from shared.brokers.tradovate.fields import Row, booked_at, by_id, listed, number_in
from shared.brokers.tradovate.join import CANCELS, Joiner, find_cancelled
from shared.brokers.tradovate.session import is_cut

ACCOUNTS = Request("/v1/account/list", shared=True)


@dataclass(frozen=True, slots=True)
class Watched:
    """What the current session told.

    Shape: `rows` of the account, composed; `known` ids of all fills that were given; `void` fills
    of the account that were taken back, ever; `is_cut` when the list may lack some.
    """

    rows: list[Row]
    known: frozenset[int]
    void: frozenset[int]
    is_cut: bool


async def watch(
    ask: Ask, account_id: int, since: datetime, void: frozenset[int], settled_before: str
) -> Watched:
    """Read the session's fills from an instant on, and those that were taken back meanwhile.

    Raises: ContractBroken, and what `ask` raises.
    """
    fills = listed(await ask(listing("fill")))
    reports = [
        one
        for one in listed(await ask(listing("executionReport")))
        if number_in(one, "accountId") == account_id and one.get("execType") in CANCELS
    ]
    older = await _fills_of(ask, reports, fills)
    cancelled, unmatched = find_cancelled(reports, [*fills, *older])
    wanted = [one for one in fills if _is_wanted(one, since) or number_in(one, "id") in cancelled]
    fees = by_id(listed(await ask(listing("fillFee")))) if wanted else {}
    fees |= by_id(await items(ask, "fillFee", by_id(older)))
    library = await library_of(ask, [*wanted, *older], fees.values())
    joiner = Joiner(library, fees, void | cancelled, settled_before)
    rows = [joiner.row(fill, owner) for fill, owner in await own_fills(ask, account_id, wanted)]
    rows += [joiner.row(fill, account_id) for fill in older]
    rows += [{"account": str(account_id), "report": report} for report in unmatched]
    known = frozenset(by_id([*fills, *older]))
    return Watched(rows, known, joiner.void, is_cut(len(fills)))


def _is_wanted(fill: Any, since: datetime) -> bool:
    at = booked_at(fill)
    return at is None or at >= since


async def _fills_of(ask: Ask, reports: Sequence[Row], fills: Sequence[Any]) -> list[Any]:
    """Ask for the fills of orders of which a report takes a trade back, where none is listed."""
    listed_orders = {number_in(fill, "orderId") for fill in fills}
    orders = {number_in(report, "orderId") for report in reports} - listed_orders - {None}
    found: list[Any] = []
    for order_id in sorted(filter(None, orders)):
        found += listed(await ask(dependents("fill", order_id)))
    return found


async def own_fills(
    ask: Ask, account_id: int, fills: Sequence[Any]
) -> list[tuple[Any, int | None]]:
    """Keep the fills of an account, each with what its order tells.

    What belongs to no account that is listed comes with the first one, to be told there.
    Raises: ContractBroken, and what `ask` raises.
    """
    if not fills:
        return []
    orders = by_id(listed(await ask(listing("order"))))
    missing = {number_in(fill, "orderId") for fill in fills} - set(orders)
    orders |= by_id(await items(ask, "order", filter(None, missing), shared=True))
    accounts = by_id(listed(await ask(ACCOUNTS)))
    owners = [number_in(orders.get(number_in(one, "orderId") or 0), "accountId") for one in fills]
    keeps_strays = account_id == min(accounts, default=account_id)
    return [
        (fill, owner)
        for fill, owner in zip(fills, owners, strict=True)
        if owner == account_id or (keeps_strays and owner not in accounts)
    ]
