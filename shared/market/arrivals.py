"""Who is told that a refresh begins and is over: what came may be taken in elsewhere too."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TakenIn:
    """How many texts became findable, and in words what is still to be taken in."""

    added: int
    waiting: tuple[str, ...] = ()


class Arrivals(Protocol):
    """Takes in what a refresh has brought."""

    async def make_ready(self) -> None:
        """Have all that texts are taken into, before they come: the first one waits for nothing.

        Idempotent.
        Raises: RetryableError, PermanentError.
        """
        ...

    async def take_in(self) -> TakenIn:
        """Take in what is stored and was not taken in before; what fails now comes next time.

        Idempotent: what is in already is left alone.
        Raises: RetryableError, PermanentError; NotFound where nobody ever made ready.
        """
        ...
