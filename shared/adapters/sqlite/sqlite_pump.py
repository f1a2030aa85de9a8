"""Pushes what waits in the embedded bus, as Pub/Sub would."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from shared.adapters.sqlite.sqlite_bus import Delivery, SqliteBus, Subscription
from shared.ports import Clock

# Push body in, HTTP status out; an answer that never came is 503.
Deliver = Callable[[Subscription, dict[str, Any]], Awaitable[int]]

_ACKNOWLEDGES = frozenset({200, 201, 204})
_AT_ONCE = 8  # deliveries of one subscription
_POLL_S = 0.1  # between two looks at an empty subscription


@dataclass(frozen=True, slots=True)
class Drained:
    """What one draining did: answers that acknowledged, and answers that did not."""

    acknowledged: int
    refused: int


class Pump:
    """Delivers to every subscription of a bus."""

    def __init__(self, bus: SqliteBus, deliver: Deliver, clock: Clock) -> None:
        self._bus = bus
        self._deliver = deliver
        self._clock = clock

    async def run(self) -> None:
        """Deliver until cancelled; a slow subscription holds up no other."""
        async with asyncio.TaskGroup() as group:
            for subscription in self._bus.subscriptions:
                group.create_task(self._serve(subscription))

    async def _serve(self, subscription: Subscription) -> None:
        while True:
            if not await self._round(subscription):
                await self._clock.sleep(_POLL_S)

    async def drain(self) -> Drained:
        """Deliver until nothing waits, new messages and retries included.

        Raises: StoreUnavailable.
        """
        answers: list[bool] = []
        while due := await self._bus.due_in_s():
            wait_s = min(due.values())
            if wait_s > 0:
                await self._clock.sleep(wait_s)
            rounds = [self._round(s) for s in self._bus.subscriptions if due.get(s.name) == wait_s]
            answers += [answer for round_ in await asyncio.gather(*rounds) for answer in round_]
        return Drained(answers.count(True), answers.count(False))

    async def _round(self, subscription: Subscription) -> list[bool]:
        deliveries = await self._bus.lease(subscription, _AT_ONCE)
        return await asyncio.gather(*(self._attempt(subscription, d) for d in deliveries))

    async def _attempt(self, subscription: Subscription, delivery: Delivery) -> bool:
        status = await self._deliver(subscription, delivery.push_body())
        if status in _ACKNOWLEDGES:
            await self._bus.acknowledge(delivery)
            return True
        await self._bus.put_back(subscription, delivery)
        return False
