"""What a fresh reading of a broker changes in the log, told before it is stored."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from shared.domain.execution import AccountEvent, Execution
from shared.domain.ids import RowKey
from shared.domain.messages import ExecutionsObserved
from shared.domain.row_body import body_hash, read_row
from shared.journal.storing.log import Outcome
from shared.ports import Documents, Key, MessageBus, Outgoing

# Day -> how many of its rows are new, revised or same.
Difference = Mapping[date, Counter[Outcome]]


@dataclass(slots=True)
class ComparingBus:
    """A bus that compares pages of rows with the log as they pass; without `onward` they end here.

    Shape: `held` is what else would have been published; `seen` account id -> row -> its day and
    outcome, of the last sighting.
    """

    documents: Documents
    zone: ZoneInfo
    onward: MessageBus | None = None
    held: list[Outgoing] = field(default_factory=list)
    seen: defaultdict[str, dict[RowKey, tuple[date, Outcome]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    _hashes: dict[RowKey, str | None] = field(default_factory=dict)  # as the log was before

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Compare, then pass on.

        Raises: StoreUnavailable.
        """
        for one in messages:
            if one.topic == ExecutionsObserved.topic:
                await self._compare(ExecutionsObserved.decode(one.data))
            elif self.onward is None:
                self.held.append(one)
        if self.onward is not None:
            await self.onward.publish(messages)

    async def close(self) -> None:
        """Leave the bus behind it open: it is its owner's."""

    def difference(self, account_id: str) -> Difference:
        """Count one account's rows by day."""
        days: defaultdict[date, Counter[Outcome]] = defaultdict(Counter)
        for day, outcome in self.seen[account_id].values():
            days[day][outcome] += 1
        return dict(sorted(days.items()))

    async def _compare(self, page: ExecutionsObserved) -> None:
        unknown = list(dict.fromkeys(row.key for row in page.rows if row.key not in self._hashes))
        keys = [Key("executions", (page.user_id, key)) for key in unknown]
        for key, head in zip(unknown, await self.documents.get_many(keys), strict=True):
            self._hashes[key] = None if head is None else head.body["hash"]
        for row in page.rows:
            before = self._hashes[row.key]
            changed = Outcome.SAME if before == body_hash(row.row) else Outcome.REVISED
            outcome = Outcome.NEW if before is None else changed
            self.seen[page.account_id][row.key] = (_day(read_row(row.row), self.zone), outcome)


def _day(row: Execution | AccountEvent, zone: ZoneInfo) -> date:
    if isinstance(row, AccountEvent):
        return row.effective_on
    return row.executed_at.astimezone(zone).date()
