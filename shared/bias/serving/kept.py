"""The response cache: answers that are fresh for minutes, and old ones, better than none."""

from dataclasses import dataclass
from datetime import timedelta

from shared.domain.bias import Bias, Unavailable
from shared.domain.time import from_micros, to_micros
from shared.ports import Cache, Clock

_STALE_S = 6 * 3600.0
_NO_ANSWER_S = 60.0  # a storm of requests must not compute in vain for each


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer from the cache; one that is not fresh is served while it is renewed."""

    answer: Bias | Unavailable
    fresh: bool


class KeptAnswers:
    """Answers by the names of their occasions.

    Shape: a value is a line (kind, fresh until when) and the answer's JSON.
    Units: `ttl_s` seconds for which an answer is fresh.
    """

    def __init__(self, cache: Cache, clock: Clock, ttl_s: float) -> None:
        self._cache = cache
        self._clock = clock
        self._ttl_s = ttl_s

    async def get(self, name: str) -> Kept | None:
        """Return what is kept under a name."""
        value = await self._cache.get(name)
        if value is None:
            return None
        head, _, body = value.partition(b"\n")
        kind, until_us = head.split()
        left_s = (from_micros(int(until_us)) - self._clock.now()).total_seconds()
        # a clock that was set back must not keep an answer fresh for as long as it lags
        fresh = 0 < left_s <= max(self._ttl_s, _NO_ANSWER_S)
        if kind == b"bias":
            return Kept(Bias.model_validate_json(body), fresh)
        return Kept(Unavailable.model_validate_json(body), fresh)

    async def put(self, name: str, answer: Bias | Unavailable) -> None:
        """Keep an answer as fresh, the lack of one for a minute."""
        if isinstance(answer, Unavailable):
            await self._put(name, b"unavailable", answer, _NO_ANSWER_S, _NO_ANSWER_S)
        else:
            await self._put(name, b"bias", answer, self._ttl_s, _STALE_S)

    async def put_stale(self, name: str, bias: Bias) -> None:
        """Keep an earlier moment's answer, to serve it until there is that of this one."""
        await self._put(name, b"bias", bias, 0.0, _STALE_S)

    async def _put(
        self, name: str, kind: bytes, answer: Bias | Unavailable, fresh_s: float, kept_s: float
    ) -> None:
        until_us = to_micros(self._clock.now() + timedelta(seconds=fresh_s))
        value = b"%s %d\n%s" % (kind, until_us, answer.model_dump_json().encode())
        await self._cache.put(name, value, max(fresh_s, kept_s))
