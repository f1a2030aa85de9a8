"""Circuit breaker of one broker: while it does not answer, one message asks for all."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from shared.domain.time import from_micros, to_micros
from shared.ports import Clock, Create, Document, Documents, Entropy, Key, Update
from shared.retry import compare_and_set

_PATIENCE = 5  # silences in a row, of any connections, until the broker counts as down
_FIRST_REST = timedelta(seconds=30)
_LONGEST_REST = timedelta(minutes=15)
_PROBE = timedelta(minutes=10)  # how long the others wait for the one that asks


@dataclass(frozen=True, slots=True)
class Breaker:
    """Remembers silences as a document for each broker and environment, shared by all workers."""

    documents: Documents
    clock: Clock
    entropy: Entropy

    async def rests_until(self, place: str) -> datetime | None:
        """Tell until when nobody asks; None to who may ask, when it is over only to the first.

        Raises: StoreUnavailable.
        """
        return await compare_and_set(self.clock, self.entropy, partial(self._rests_until, place))

    async def note_silence(self, place: str) -> None:
        """Count an attempt that the broker did not answer.

        Raises: StoreUnavailable.
        """

        async def count() -> None:
            found = await self._read(place)
            silences = 1 + (found.body["silences"] if found else 0)
            await self._write(found, place, silences, self._rest(silences))

        await compare_and_set(self.clock, self.entropy, count)

    async def note_answer(self, place: str) -> None:
        """Forget all silences: the broker answers.

        Raises: StoreUnavailable.
        """

        async def forget() -> None:
            found = await self._read(place)
            if found is not None and found.body["silences"]:
                await self._write(found, place, 0, timedelta())

        await compare_and_set(self.clock, self.entropy, forget)

    async def _rests_until(self, place: str) -> datetime | None:
        found = await self._read(place)
        if found is None or found.body["silences"] < _PATIENCE:
            return None
        until = from_micros(found.body["until_us"])
        if until > self.clock.now():
            return until
        await self._write(found, place, found.body["silences"], _PROBE)
        return None

    def _rest(self, silences: int) -> timedelta:
        if silences < _PATIENCE:
            return timedelta()
        doubled = _FIRST_REST * (1 << min(silences - _PATIENCE, 10))
        return min(_LONGEST_REST, doubled)

    async def _read(self, place: str) -> Document | None:
        return (await self.documents.get_many([Key("breakers", (place,))]))[0]

    async def _write(
        self, found: Document | None, place: str, silences: int, rest: timedelta
    ) -> None:
        body = {"silences": silences, "until_us": to_micros(self.clock.now() + rest)}
        if found is None:
            await self.documents.commit([Create(Key("breakers", (place,)), body)])
        else:
            await self.documents.commit([Update(found.key, body, found.version)])
