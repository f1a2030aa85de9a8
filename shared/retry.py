"""Running a change again when another writer was faster."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt

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

    def full_jitter(state: RetryCallState) -> float:
        return entropy.uniform(0.0, min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**state.attempt_number))

    retrying = AsyncRetrying(
        sleep=clock.sleep,
        stop=stop_after_attempt(attempts),
        wait=full_jitter,
        retry=retry_if_exception_type(Conflict),
        reraise=True,
    )

    async def attempt() -> T:  # tenacity would not await what a lambda returns
        return await change()

    try:
        return await retrying(attempt)
    except Conflict as error:
        raise StoreUnavailable(f"{attempts} attempts lost to other writers") from error
