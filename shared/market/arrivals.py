"""Who is told that a refresh is over: what came may be taken in elsewhere too."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TakenIn:
    """How many texts became findable, and in words what is still to be taken in."""

    added: int
    waiting: tuple[str, ...] = ()


class Arrivals(Protocol):
    """Takes in what a refresh has brought."""

    async def take_in(self) -> TakenIn:
        """Take in what is stored and was not taken in before; what fails now comes next time.

        Idempotent: what is in already is left alone.
        Raises: RetryableError, PermanentError.
        """
        ...
