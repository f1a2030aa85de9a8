"""Walking pages: a pure function says what to ask next, one loop asks, and it always ends."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from shared.brokers.spec import Params
from shared.domain.errors import ContractBroken


def next_by_last_id(
    size: int, *, parameter: str, id_field: str
) -> Callable[[Params, Sequence[Any]], Params | None]:
    """Page by handing back the last row's id; a page that is not full is the last.

    Raises: ContractBroken (from the function made) when a full page's last row has no id.
    """

    def next_params(params: Params, rows: Sequence[Any]) -> Params | None:
        if len(rows) < size:
            return None
        last = rows[-1].get(id_field) if isinstance(rows[-1], dict) else None
        if not isinstance(last, str) or not last:
            raise ContractBroken(f"the last row of a full page has no {id_field!r}")
        return {**params, parameter: last}

    return next_params


async def walk(
    fetch: Callable[[Params], Awaitable[list[Any]]],
    first: Params,
    next_params: Callable[[Params, Sequence[Any]], Params | None],
) -> AsyncIterator[list[Any]]:
    """Yield page after page.

    Raises: ContractBroken when the same page would be asked for twice: that walk never ends.
    """
    asked: set[tuple[tuple[str, str], ...]] = set()
    params: Params | None = first
    while params is not None:
        mark = tuple(sorted(params.items()))
        if mark in asked:
            raise ContractBroken("the broker's pages go in a circle: a page token came back")
        asked.add(mark)
        rows = await fetch(params)
        yield rows
        params = next_params(params, rows)
