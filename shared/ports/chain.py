"""The port of the forecasts' chain."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KeptLink:
    """One link of the forecasts' chain as its keeper has it.

    Shape: `number` counts from 1; `created_at` is when the keeper says that it came, by the
    keeper's clock: in the cloud nobody of us can set it.
    """

    number: int
    content: bytes
    created_at: datetime


class ForecastChain(Protocol):
    """Links by number, kept where they cannot be rewritten: nothing is replaced or deleted."""

    async def append(self, number: int, content: bytes) -> KeptLink:
        """Keep a link whose number is free; it is durable when this returns.

        Idempotent: the same bytes under their number again are the link that is there.
        Raises: AlreadyExists when other bytes have the number, StoreUnavailable.
        """
        ...

    async def newest(self) -> int:
        """Tell the highest number there is; 0 of an empty chain.

        Raises: StoreUnavailable.
        """
        ...

    async def read(self, first: int = 1) -> Sequence[KeptLink]:
        """Read all links from a number on, in their order.

        Raises: StoreUnavailable.
        """
        ...

    async def close(self) -> None:
        """Release what was opened."""
        ...
