"""What Tradovate says an account holds: positions of the whole login, and one account's balance."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from shared.brokers.rows import fields_of
from shared.brokers.spec import Ask, BrokerAccount, HeldPosition, Holdings, Request
from shared.brokers.tradovate.contracts import joined_instrument
from shared.brokers.tradovate.entities import library_of, listing
from shared.brokers.tradovate.fields import Row, booked_at, listed, number_in, trade_date
from shared.brokers.tradovate.join import Library
from shared.brokers.tradovate.watch import own_fills
from shared.domain.errors import ContractBroken, UnparseableRow
from shared.domain.execution import AssetClass
from shared.domain.money import parse_decimal

_BALANCE = "/v1/cashBalance/getcashbalancesnapshot"


def holdings_requests(account: BrokerAccount) -> tuple[Request, Request]:
    """Ask for all positions, and for one account's cash."""
    cash = Request(_BALANCE, json={"accountId": int(account.account_id)})
    return listing("position"), cash


async def look_up(ask: Ask, account: BrokerAccount, bodies: Sequence[Any]) -> Sequence[Any]:
    """Look up the contracts of what is held, and the fills that were listed for the history.

    Shape: a Library, the listed fills of all accounts, and those of this one.
    Raises: ContractBroken, and what `ask` raises.
    """
    library = await library_of(ask, [row for row in listed(bodies[0]) if _is_open(row)])
    fills = listed(await ask(listing("fill")))
    own = await own_fills(ask, int(account.account_id), fills)
    return [library, fills, [fill for fill, _ in own]]


def read_holdings(bodies: Sequence[Any], account: BrokerAccount) -> Holdings:
    """Read cash and what is held; short quantities are negative.

    Positions and fills are listed once for all accounts of a login, at about the same time: where
    they tell of the same trades nothing came in between, and what is held was so from the newest
    booking on that either of them tells.
    Raises: ContractBroken.
    """
    positions, cash, library, fills, own = bodies
    rows = [
        row for row in listed(positions) if str(number_in(row, "accountId")) == account.account_id
    ]
    try:
        held = tuple(_position(fields_of(row), library) for row in rows if _is_open(row))
        total = parse_decimal(fields_of(cash).get("totalCashValue"), "totalCashValue")
    except UnparseableRow as error:
        raise ContractBroken(f"Tradovate's holdings: {error}") from error
    everything = (*fills, *positions)
    newest = max((at for one in everything if (at := booked_at(one))), default=None)
    session = max((day for one in everything if (day := trade_date(one))), default=None)
    if newest is None or not _tell_the_same(rows, own, session):
        return Holdings(total, held)
    return Holdings(total, held, as_of=newest, settled=True)


def _tell_the_same(positions: Sequence[Any], fills: Sequence[Any], session: date | None) -> bool:
    """Tell whether what positions say was bought and sold in a session is what its fills add up to.

    Positions that nobody traded may still tell of an older session.
    """
    traded = defaultdict[int | None, list[int]](lambda: [0, 0])
    for fill in fills:
        if trade_date(fill) != session:
            return False
        if fill.get("active") is not False:
            side = fill.get("action") == "Sell"
            traded[number_in(fill, "contractId")][side] += number_in(fill, "qty") or 0
    told = {
        number_in(row, "contractId"): [number_in(row, "bought"), number_in(row, "sold")]
        for row in positions
        if trade_date(row) == session
    }
    return all(told.get(place, [0, 0]) == traded.get(place, [0, 0]) for place in {*told, *traded})


def _is_open(row: Any) -> bool:
    return number_in(row, "netPos") != 0  # spoiled rows too, to be told


def _position(row: Row, library: Library) -> HeldPosition:
    net, price = number_in(row, "netPos"), row.get("netPrice")
    if net is None:
        raise UnparseableRow(f"netPos: expected contracts, found {row.get('netPos')!r}")
    symbol, root, kind = _named(number_in(row, "contractId"), library)
    return HeldPosition(
        symbol=symbol,
        root=root,
        quantity=parse_decimal(net, "netPos"),
        average_price=None if price is None else parse_decimal(price, "netPrice"),
        asset_class=kind,
    )


def _named(contract_id: int | None, library: Library) -> tuple[str, str, AssetClass]:
    """Name what is held; of an unknown contract its id, which no fill of ours can match."""
    try:
        found = joined_instrument(library.chain(contract_id))
    except UnparseableRow:
        return str(contract_id), str(contract_id), AssetClass.FUTURE
    return found.symbol, found.root, found.asset_class
