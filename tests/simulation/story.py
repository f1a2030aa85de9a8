"""What one account's broker shows over a few runs, and what the journal must be in the end."""

from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from shared.domain.execution import AccountEvent, Execution, RowStatus
from shared.domain.ids import RowKey, content_hash
from shared.domain.messages import ExecutionsObserved, UnreadRow
from shared.domain.row_body import read_row
from tests.rows import event, fill, page

Row = Execution | AccountEvent
SYMBOLS = ("SPY", "QQQ", "IWM")


@dataclass
class Story:
    """Runs with their pages; rows are revised, busted, moved and turned back, also inside a run."""

    account: str
    runs: list[list[ExecutionsObserved]] = field(default_factory=list)

    def pages(self) -> list[ExecutionsObserved]:
        return [page for run in self.runs for page in run]

    def truth(self) -> dict[RowKey, Row]:
        """Keep of each row what the highest observation showed; nothing else is needed."""
        best: dict[RowKey, tuple[tuple[int, int, int], Row]] = {}
        for shown in self.pages():
            for place, observed in enumerate(shown.rows):
                number = (shown.run, shown.page, place)
                if observed.key not in best or best[observed.key][0] < number:
                    best[observed.key] = (number, read_row(observed.row))
        return {key: row for key, (_, row) in best.items()}

    def contents(self) -> dict[RowKey, set[str]]:
        seen: dict[RowKey, set[str]] = {}
        for shown in self.pages():
            for observed in shown.rows:
                seen.setdefault(observed.key, set()).add(content_hash(observed.row))
        return seen


def tell(random: Random, account: str) -> Story:
    """Make up a story of one account."""
    story = Story(account)
    rows: list[Row] = []
    for run in range(1, random.randint(3, 5)):
        rows += [_new_row(random, len(rows) + n) for n in range(random.randint(0, 5))]
        begin = random.randrange(len(rows) + 1) if run > 1 else 0
        shown = list(range(begin, len(rows)))
        random.shuffle(shown)
        story.runs.append(_pages(random, rows, shown, run, account))
    return story


def _pages(
    random: Random, rows: list[Row], shown: list[int], run: int, account: str
) -> list[ExecutionsObserved]:
    pages: list[ExecutionsObserved] = []
    while shown:
        size = random.randint(1, 4)
        now, shown = shown[:size], shown[size:]
        for place in now:
            if random.random() < 0.25:
                rows[place] = _revise(random, rows[place])
        if random.random() < 0.2:
            shown.append(random.choice(now))  # the list moved under the reader: seen once more
        unread = [UnreadRow(endpoint="e", reason="r", raw=f"raw {random.randrange(4)}")]
        pages.append(
            page(
                [rows[place] for place in now],
                run=run,
                number=len(pages),
                unread=unread if random.random() < 0.2 else (),
                account=account,
            )
        )
    return pages


def _new_row(random: Random, number: int) -> Row:
    minute = random.randrange(3 * 24 * 60)
    if random.random() < 0.15:
        return event(f"e{number}", f"-0.{random.randrange(1, 99):02d}", minute=minute)
    quantity = random.choice(["10", "-10", "2.5", "-7"])
    price = f"{random.randrange(90, 110)}.{random.randrange(100):02d}"
    symbol = random.choice(SYMBOLS)
    return fill(f"f{number}", quantity, price, minute=minute, symbol=symbol)


def _revise(random: Random, row: Row) -> Row:
    if isinstance(row, AccountEvent):
        return row.model_copy(update={"amount": row.amount - Decimal("0.01")})
    match random.choice([0, 0, 0, 1, 2, 2, 3]):  # what turns back is the hardest to keep right
        case 0:
            other = RowStatus.BOOKED if row.status is RowStatus.BUSTED else RowStatus.BUSTED
            return row.model_copy(update={"status": other})
        case 1:
            symbol = random.choice(SYMBOLS)
            return row.model_copy(update={"symbol": symbol, "root": symbol})
        case 2:
            return row.model_copy(update={"order_id": None if row.order_id else "o1"})
        case _:
            return row.model_copy(update={"price": row.price + 1})
