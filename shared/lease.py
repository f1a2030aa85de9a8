"""Leases over Documents: one worker at a time, with fencing numbers that only grow."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.domain.errors import LeaseHeld
from shared.domain.time import from_micros, to_micros
from shared.ports import Body, Clock, Create, Document, Documents, Entropy, Key, Update
from shared.retry import compare_and_set

_NOBODY = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A lease in hand.

    Shape: `fence` is greater than that of every earlier holder; `holder` is this worker's token;
    `carried` is what the last holder left behind, and what this one leaves when it gives back.
    """

    name: str
    fence: int
    holder: str
    until: datetime
    carried: dict[str, Any] = field(default_factory=dict, compare=False)


class Leases:
    """Who works on what until when; the document stays after release, so fences never repeat."""

    def __init__(self, documents: Documents, clock: Clock, entropy: Entropy) -> None:
        self._documents = documents
        self._clock = clock
        self._entropy = entropy

    async def acquire(self, name: str, ttl_s: float) -> Held:
        """Take a lease that nobody holds, or whose time has run out.

        Units: `ttl_s` seconds from now to `until`.
        Raises: LeaseHeld, StoreUnavailable.
        """
        holder = self._entropy.token()

        async def take() -> Held:
            found = await self._read(name)
            carried = dict(found.body.get("carried", {})) if found is not None else {}
            if found is not None and found.body["holder"] == holder:
                # our own write, whose answer was lost on the way
                until = from_micros(found.body["until_us"])
                return Held(name, found.body["fence"], holder, until, carried)
            if found is not None and self._is_held(found.body):
                raise LeaseHeld(f"{name} is held until {from_micros(found.body['until_us'])}")
            fence = 1 if found is None else found.body["fence"] + 1
            held = Held(name, fence, holder, self._until(ttl_s), carried)
            await self._write(found, held.holder, held)
            return held

        return await compare_and_set(self._clock, self._entropy, take)

    async def release(self, held: Held) -> None:
        """Give a lease back; nothing happens when another worker has it by now.

        Raises: StoreUnavailable.
        """

        async def give_back() -> None:
            try:
                found = await self._own(held)
            except LeaseHeld:
                return
            await self._write(found, _NOBODY, held)

        await compare_and_set(self._clock, self._entropy, give_back)

    async def assert_current(self, held: Held) -> None:
        """Make sure that a lease is still ours and has time left.

        Raises: LeaseHeld, StoreUnavailable.
        """
        found = await self._own(held)
        if not self._is_held(found.body):
            raise LeaseHeld(f"{held.name} ran out")

    async def _read(self, name: str) -> Document | None:
        return (await self._documents.get_many([Key("leases", (name,))]))[0]

    async def _own(self, held: Held) -> Document:
        found = await self._read(held.name)
        if found is None or (found.body["fence"], found.body["holder"]) != (
            held.fence,
            held.holder,
        ):
            raise LeaseHeld(f"{held.name} was taken over")
        return found

    async def _write(self, found: Document | None, holder: str, held: Held) -> None:
        body = {
            "holder": holder,
            "fence": held.fence,
            "until_us": to_micros(held.until),
            "carried": held.carried,
        }
        if found is None:
            await self._documents.commit([Create(Key("leases", (held.name,)), body)])
        else:
            await self._documents.commit([Update(found.key, body, found.version)])

    def _is_held(self, body: Body) -> bool:
        until_us: int = body["until_us"] if body["holder"] != _NOBODY else 0
        return until_us > to_micros(self._clock.now())

    def _until(self, ttl_s: float) -> datetime:
        return self._clock.now() + timedelta(seconds=ttl_s)
