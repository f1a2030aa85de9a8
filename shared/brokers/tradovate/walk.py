"""Walking Tradovate's history: the current session, then what the account's ledger tells.

What happened in sessions that nobody watched is found through the ledger (cashBalanceLog), by the
ids of fills that it names. `fill/ldeps` by account is no way: a fill's master is its order.
Source: partner.tradovate.com (routes x/list, x/items, x/deps); tradovate/example-api-faq.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.brokers.spec import Ask, BrokerAccount, Lost, Page, Window
from shared.brokers.tradovate.entities import chunks, dependents, items, library_of, listing
from shared.brokers.tradovate.fields import Row, booked_at, by_id, listed, number_in
from shared.brokers.tradovate.join import Joiner
from shared.brokers.tradovate.ledger import Ledger, read_ledger, was_flat
from shared.brokers.tradovate.session import (
    Memory,
    Stretch,
    session_of,
    session_start,
    unseen,
)
from shared.brokers.tradovate.watch import Watched, watch
from shared.domain.time import iso

_FEES_COME_WITHIN = timedelta(days=3)
_SLACK = timedelta(days=2)  # fills that were too young for it are read once more without a fee
_REMEMBERED = timedelta(days=10)


async def walk(ask: Ask, account: BrokerAccount, window: Window) -> AsyncIterator[Page]:
    """Give the session's fills, then what the ledger tells beside and before them.

    Raises: ContractBroken (from the walk), and what `ask` raises.
    """
    memory, now = Memory.read(window.mark), window.now or window.until
    settled_before = iso(now - _FEES_COME_WITHIN)
    account_id = int(account.account_id)
    session = await watch(ask, account_id, window.since, memory.void, settled_before)
    yield Page(session.rows)
    lines = listed(await ask(dependents("cashBalanceLog", account_id)))
    reading = _Reading(ask, account_id, session, read_ledger(lines, window.since), settled_before)
    lost, seen = await reading.judge(window, memory, now)
    whole = memory.session != session_of(now) or session.is_cut
    news = reading.ledger.since(window.since - _SLACK, 0 if whole else memory.line)
    yield Page([{"account": account.account_id, "ledger": line} for line in news], lost=lost)
    async for page in reading.fills_named_in(news):
        yield page
    last_line = max(memory.line, reading.ledger.last_id())
    kept = Memory(session_of(now), last_line, session.void, seen)
    yield Page((), mark=kept.mark(now - _REMEMBERED))


@dataclass(frozen=True, slots=True)
class _Reading:
    """One account's ledger, beside what its session told."""

    ask: Ask
    account_id: int
    session: Watched
    ledger: Ledger
    settled_before: str

    async def judge(
        self, window: Window, memory: Memory, now: datetime
    ) -> tuple[tuple[Lost, ...], tuple[Stretch, ...]]:
        """Say what is lost of the stretches that nobody watched, and which are known whole."""
        watched = () if self.session.is_cut else ((session_start(now), now),)
        seen = [*memory.seen, *watched]
        gaps = unseen(window, seen)
        flat = not gaps or self.ledger.names_fills
        if not flat:
            flat = was_flat(listed(await self.ask(listing("position"))), self.account_id, now)
        found: list[Lost] = []
        for begin, end in gaps:
            lost = self.ledger.lost((begin, end), was_flat=flat)
            if lost is not None:
                found.append(lost)
            seen.append((begin if lost is None else lost.until, end))
        return tuple(found), tuple((begin, end) for begin, end in seen if begin < end)

    async def fills_named_in(self, lines: Sequence[Any]) -> AsyncIterator[Page]:
        """Give the fills that lines name and the session did not tell, oldest line first."""
        named = await self._named(lines)
        unknown = [fill_id for fill_id in named if fill_id not in self.session.known]
        for part in chunks(unknown):
            fills = by_id(await items(self.ask, "fill", part))
            fees = by_id(await items(self.ask, "fillFee", fills))
            library = await library_of(self.ask, fills.values(), fees.values())
            joiner = Joiner(library, fees, self.session.void, self.settled_before)
            rows: list[Row] = [joiner.row(fill, self.account_id) for fill in fills.values()]
            absent = [fill_id for fill_id in part if fill_id not in fills]
            rows += [{"account": str(self.account_id), "missing": one} for one in absent]
            yield Page(rows, named[part[-1]])

    async def _named(self, lines: Sequence[Any]) -> dict[int, datetime | None]:
        """List the fills that lines name, with the time of the first that does.

        Where fills cost nothing, only pairs of them are named, as positions are closed.
        """
        named: dict[int, datetime | None] = {}
        pairs: dict[int, Row] = {}
        if not self.ledger.names_fills:
            ids = filter(None, (number_in(line, "fillPairId") for line in lines))
            pairs = by_id(await items(self.ask, "fillPair", ids))
        for line in lines:
            pair = pairs.get(number_in(line, "fillPairId") or 0)
            found = (number_in(line, "fillId"), *_both(pair))
            named |= {one: booked_at(line) for one in found if one and one not in named}
        return named


def _both(pair: Row | None) -> tuple[int | None, ...]:
    return number_in(pair, "buyFillId"), number_in(pair, "sellFillId")
