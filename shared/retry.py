"""Running a change again when another writer was faster."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.domain.errors import Conflict, StoreUnavailable
from shared.ports import Clock, Entropy

_FIRST_WAIT_S = 0.02
_LONGEST_WAIT_S = 1.0

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
