"""A bus that is allowed to do what Pub/Sub may do: repeat, hold back, reorder."""

from collections.abc import Sequence

from shared.domain.messages import ExecutionsObserved
from shared.ports import MessageBus, Outgoing


class MischievousBus:
    """Wraps a bus; while armed it doubles the first page it sees and holds back the second.

    A held page goes out with `release`, after everything that was published in the meantime.
    """

    def __init__(self, inner: MessageBus) -> None:
        self._inner = inner
        self._armed = False
        self._held: list[Outgoing] = []
        self._doubled: list[Outgoing] = []

    @property
    def held(self) -> int:
        """How many pages are held back."""
        return len(self._held)

    @property
    def doubled(self) -> int:
        """How many pages were published twice."""
        return len(self._doubled)

    def arm(self) -> None:
        """Begin to misbehave."""
        self._armed = True

    async def release(self) -> None:
        """Publish what was held back and behave from now on."""
        self._armed = False
        held, self._held = self._held, []
        if held:
            await self._inner.publish(held)

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Publish, with mischief on pages of executions while armed."""
        going: list[Outgoing] = []
        for message in messages:
            if not self._armed or message.topic != ExecutionsObserved.topic:
                going.append(message)
            elif not self._doubled:
                self._doubled.append(message)
                going += [message, message]
            elif not self._held:
                self._held.append(message)
            else:
                going.append(message)
        if going:
            await self._inner.publish(going)

    async def close(self) -> None:
        """Close the wrapped bus."""
        await self._inner.close()
