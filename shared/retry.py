"""Doing it again: a change when another writer was faster, a question that was not answered."""

from collections.abc import Awaitable, Callable
from math import inf
from typing import TypeVar

from shared.domain.errors import Conflict, RateLimited, StoreUnavailable, UpstreamUnavailable
from shared.ports import Clock, Entropy

_FIRST_WAIT_S = 0.02
_LONGEST_WAIT_S = 1.0
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 60.0  # who asks for more is asked another time

T = TypeVar("T")


async def compare_and_set(
    clock: Clock, entropy: Entropy, change: Callable[[], Awaitable[T]], *, attempts: int = 8
) -> T:
    """Run `change`, which reads, decides and commits, until it commits without a conflict.

    Raises: StoreUnavailable when every attempt lost: too many writers want the same document now.
    """
    for attempt in range(1, attempts):
        try:
            return await change()
        except Conflict:
            longest_s = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**attempt)
        await clock.sleep(entropy.uniform(0.0, longest_s))  # full jitter: losers must part
    try:
        return await change()
    except Conflict as error:
        raise StoreUnavailable(f"{attempts} attempts lost to other writers") from error


async def ask_again(
    clock: Clock,
    entropy: Entropy,
    ask: Callable[[], Awaitable[T]],
    *,
    attempts: int = 4,
    give_up_at: float = inf,
) -> T:
    """Ask until there is an answer, with pauses as long as the other side says, or growing ones.

    Units: `give_up_at` on the clock's monotonic scale; no pause goes past it.
    Raises: RateLimited, UpstreamUnavailable when the last attempt fails too, or the pause would be
    longer than a minute or than there is time; what else `ask` raises at once.
    """
    for attempt in range(1, attempts):
        try:
            return await ask()
        except (RateLimited, UpstreamUnavailable) as error:
            asked_s = error.retry_after_s if isinstance(error, RateLimited) else None
            if asked_s is not None and asked_s > _LONGEST_PAUSE_S:
                raise
            pause_s = (asked_s or 0.0) + entropy.uniform(0.0, _FIRST_PAUSE_S * 2**attempt)
            if clock.monotonic() + pause_s >= give_up_at:
                raise
        await clock.sleep(pause_s)
    return await ask()
