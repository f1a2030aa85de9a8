"""Asking Tradovate for entities: every kind has the same routes."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from shared.brokers.spec import Ask, Request
from shared.brokers.tradovate.fields import by_id, listed, number_in
from shared.brokers.tradovate.join import Library, currency_ids
from shared.domain.errors import RequestRejected

_CHUNK = 50  # ids in one question


def listing(kind: str) -> Request:
    """Ask for all entities of a kind that the login may see, once for all its accounts."""
    return Request(f"/v1/{kind}/list", shared=True)


def dependents(kind: str, master_id: int) -> Request:
    """Ask for the entities of a kind that belong to one other: an order's fills."""
    return Request(f"/v1/{kind}/deps", {"masterid": str(master_id)})


async def items(ask: Ask, kind: str, ids: Iterable[int], *, shared: bool = False) -> list[Any]:
    """Ask for entities by their ids; what does not exist is left out.

    Raises: as `ask`; ContractBroken.
    """
    found: list[Any] = []
    for part in chunks(sorted(set(ids))):
        found += await _some(ask, kind, part, shared=shared)
    return found


def chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Cut a list of ids into as many as one question takes."""
    return (ids[begin : begin + _CHUNK] for begin in range(0, len(ids), _CHUNK))


async def _some(ask: Ask, kind: str, ids: Sequence[int], *, shared: bool) -> list[Any]:
    """Ask for some; whether one unknown id spoils the answer for all is unverified: 404 halves."""
    asked = {"ids": ",".join(map(str, ids))}
    try:
        return listed(await ask(Request(f"/v1/{kind}/items", asked, shared=shared)))
    except RequestRejected as error:
        if error.status != 404:
            raise
    half = len(ids) // 2
    if not half:
        return []
    first = await _some(ask, kind, ids[:half], shared=shared)
    return first + await _some(ask, kind, ids[half:], shared=shared)


async def library_of(ask: Ask, fills: Iterable[Any], fees: Iterable[Any] = ()) -> Library:
    """Look up what fills, or positions, refer to: contract, maturity, product, currencies.

    Raises: as `ask`; ContractBroken.
    """

    async def look_up(kind: str, ids: Iterable[int | None]) -> dict[int, Any]:
        return by_id(await items(ask, kind, filter(None, ids), shared=True))

    contracts = await look_up("contract", (number_in(fill, "contractId") for fill in fills))
    maturities = await look_up(
        "contractMaturity", (number_in(one, "contractMaturityId") for one in contracts.values())
    )
    products = await look_up(
        "product", (number_in(one, "productId") for one in maturities.values())
    )
    currencies = await look_up("currency", currency_ids(products.values(), fees))
    return Library(contracts, maturities, products, currencies)
