"""A day's money of one provider, which all instances spend together."""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from shared.domain.errors import StoreUnavailable, Withheld
from shared.ports import Clock, Create, Document, Documents, Entropy, Key, Update
from shared.retry import compare_and_set

_log = logging.getLogger(__name__)

_KNOWN_FOR_S = 5.0  # how old the sum of all instances may be when a call begins


@dataclass(slots=True)
class Spending:
    """What a provider has cost today (UTC) at most, and whether one more call may be asked.

    Shape: calls under way count as `worst_usd` each. Those of other instances are known once they
    are paid, so that the day can cost more than `usd_a_day` by what is under way there.
    Units: `usd_a_day` and `worst_usd` US dollars; a call without a known bound costs `worst_usd`.
    """

    provider: str
    usd_a_day: Decimal
    worst_usd: Decimal
    documents: Documents
    clock: Clock
    entropy: Entropy
    _day: date = date.min
    _known: Decimal = Decimal(0)
    _read_at: float = 0.0
    _unpaid: list[Decimal] = field(default_factory=list)
    _under_way: int = 0
    _store: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def promise(self) -> None:
        """Set money aside for one call; `pay`, `owe` or `take_back` follows.

        Raises: Withheld when the day's money does not suffice, StoreUnavailable.
        """
        await self._renew()
        promised = self._known + sum(self._unpaid) + self._under_way * self.worst_usd
        if promised + self.worst_usd > self.usd_a_day:
            raise Withheld(f"{self.provider}: the day's {self.usd_a_day} USD are spent or promised")
        self._under_way += 1

    def take_back(self) -> None:
        """Note that a call cost nothing."""
        self._under_way -= 1

    def owe(self, cost_usd: Decimal | None) -> None:
        """Note what a call cost, to be written down with the next payment."""
        self._under_way -= 1
        self._unpaid.append(self.worst_usd if cost_usd is None else cost_usd)

    async def pay(self, cost_usd: Decimal | None) -> None:
        """Add what a call cost to what all instances have spent; who pays together writes once.

        What cannot be written now counts in this process, and is written with the next payment.
        """
        self.owe(cost_usd)
        async with self._store:
            if not self._unpaid:
                return
            try:
                await compare_and_set(self.clock, self.entropy, self._write)
            except StoreUnavailable:
                _log.warning("spending.not_written", extra={"provider": self.provider})

    async def _write(self) -> None:
        day = self.clock.now().date()  # once: midnight may pass while the sum is read
        found, paying = await self._read(day), tuple(self._unpaid)
        spent = _spent(found) + sum(paying)
        calls = (found.body["calls"] if found else 0) + len(paying)
        key = self._key(day)
        body = {
            "provider": self.provider,
            "day": day.isoformat(),
            "spent_usd": str(spent),
            "calls": calls,
        }
        write = Create(key, body) if found is None else Update(key, body, found.version)
        await self.documents.commit([write])
        self._known, self._read_at = spent, self.clock.monotonic()
        del self._unpaid[: len(paying)]

    async def _renew(self) -> None:
        today = self.clock.now().date()
        async with self._store:  # a sum that was read before a payment must not come after it
            if today == self._day and self.clock.monotonic() - self._read_at < _KNOWN_FOR_S:
                return
            self._known = _spent(await self._read(today))
            self._day, self._read_at = today, self.clock.monotonic()

    async def _read(self, day: date) -> Document | None:
        return (await self.documents.get_many([self._key(day)]))[0]

    def _key(self, day: date) -> Key:
        return Key("model_spending", (f"{self.provider}-{day.isoformat()}",))


def _spent(found: Document | None) -> Decimal:
    return Decimal(found.body["spent_usd"]) if found else Decimal(0)
