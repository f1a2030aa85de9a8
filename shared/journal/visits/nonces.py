"""Nonces of one login: strictly greater than every earlier one, whatever the clock does."""

from dataclasses import dataclass, field
from datetime import timedelta

from shared.domain.sync.connection import Connection
from shared.domain.time import to_micros
from shared.journal.connect.connections import Connections

_AHEAD_US = timedelta(minutes=1) // timedelta(microseconds=1)


@dataclass(slots=True)
class Nonces:
    """Hands out microseconds since 1970, or one more than the last where the clock is behind.

    A minute of them is reserved in the connection's document before the first is used, so that a
    write is owed once a minute and not once a request, and a crash leaves a gap and no double.
    """

    connections: Connections
    connection: Connection
    _last: int = field(default=0, init=False)
    _through: int = field(default=-1, init=False)

    async def next(self) -> int:
        """Give the next nonce.

        Raises: NotFound, StoreUnavailable.
        """
        number = max(self._last + 1, self._now_us())
        if number > self._through:
            number = await self.connections.reserve_nonces(
                self.connection, number, number + _AHEAD_US
            )
            self._through = number + _AHEAD_US
        self._last = number
        return number

    def _now_us(self) -> int:
        return to_micros(self.connections.clock.now())
