from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.brokers.kraken.progress import Progress
from shared.brokers.kraken.walk import PAIRS, by_two_histories
from shared.brokers.spec import BrokerAccount, Page, Request, Window
from shared.domain.errors import BudgetSpent

START = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
ACCOUNT = BrokerAccount("k1", "k1", "USD")
WINDOW = Window(START - timedelta(days=3), START)
MINUTE = timedelta(minutes=1)


class Broker:
    """Answers from a list of (time, txid), each with its two entries; a budget of answers."""

    def __init__(self, *trades: tuple[datetime, str], budget: int = 99) -> None:
        self.trades, self.budget = trades, budget
        self.asked: list[Request] = []

    async def ask(self, request: Request) -> Any:
        self.asked.append(request)
        if len(self.asked) > self.budget:
            raise BudgetSpent("over")
        match request.path.rpartition("/")[2]:
            case "GetApiKeyInfo":
                return {"result": {"permissions": ["query-ledger"]}}
            case "AssetPairs":
                return {"result": {"XXBTZUSD": {"wsname": "XBT/USD"}}}
            case "TradesHistory":
                rows = {txid: self._trade(at) for at, txid in self.trades}
                return self._page("trades", rows, request)
            case _:
                entries = {
                    f"{txid}-{i}": self._entry(at, txid)
                    for at, txid in self.trades
                    for i in range(2)
                }
                # the newest entry: pages of 50 then part the two of a trade
                alone = {"D1": {**self._entry(START, "R1"), "type": "deposit"}}
                return self._page("ledger", entries | alone, request)

    def _trade(self, at: datetime) -> dict[str, Any]:
        return {"time": Decimal(str(at.timestamp())), "pair": "XXBTZUSD"}

    def _entry(self, at: datetime, txid: str) -> dict[str, Any]:
        return {"time": Decimal(str(at.timestamp())), "refid": txid, "type": "trade"}

    def _page(self, name: str, rows: dict[str, Any], request: Request) -> Any:
        form = request.form or {}
        since, until, ofs = (int(form[one]) for one in ("start", "end", "ofs"))
        found = [(i, r) for i, r in rows.items() if since < r["time"] <= until]
        found.sort(key=lambda one: -one[1]["time"])
        return {"result": {"count": len(found), name: dict(found[ofs : ofs + 50])}}

    async def walked(self, mark: str | None = None, window: Window = WINDOW) -> list[Page]:
        pages = []
        asked = Window(window.since, window.until, mark)
        try:
            async for page in by_two_histories()(self.ask, ACCOUNT, asked):
                pages.append(page)  # noqa: PERF401 - what came before it was over stays
        except BudgetSpent:
            pass
        return pages

    def of(self, path: str) -> list[Request]:
        return [one for one in self.asked if one.path.endswith(path)]


def minutes(count: int) -> list[tuple[datetime, str]]:
    return [(START - MINUTE * (count - i), f"T{i:04d}") for i in range(count)]


def given(pages: list[Page]) -> list[str]:
    return [raw["txid"] for page in pages for raw in page.rows if "txid" in raw]


async def test_each_trade_comes_once_oldest_first_with_both_its_entries() -> None:
    pages = await Broker(*minutes(170)).walked()
    rows = [raw for page in pages for raw in page.rows if "txid" in raw]
    assert [raw["txid"] for raw in rows] == [f"T{i:04d}" for i in range(170)]
    assert {len(raw["entries"]) for raw in rows} == {2}
    assert {raw["pair"] for raw in rows} == {"XBT/USD"}


async def test_what_is_called_complete_was_given() -> None:
    pages, trades = await Broker(*minutes(170)).walked(), minutes(170)
    seen: list[str] = []
    for page in pages:
        seen += given([page])
        if page.complete_until is not None:
            assert seen[: sum(at <= page.complete_until for at, _ in trades)] == [
                txid for at, txid in trades if at <= page.complete_until
            ]


@pytest.mark.parametrize("budget", range(1, 20))
async def test_a_walk_that_is_cut_anywhere_goes_on_where_it_was(budget: int) -> None:
    seen: list[str] = []
    mark, messages = None, 0
    while messages < 40:
        pages = await Broker(*minutes(170), budget=budget + 8).walked(mark)
        seen += given(pages)
        mark, messages = (pages[-1].mark if pages else mark), messages + 1
        if Progress.of(mark).reached is None and pages:
            break
    assert (set(seen), messages < 40) == ({f"T{i:04d}" for i in range(170)}, True)


async def test_pairs_are_looked_up_once_and_never_again() -> None:
    first = Broker(*minutes(3))
    mark = (await first.walked())[-1].mark
    second = Broker(*minutes(3))
    await second.walked(mark)
    assert (first.of("AssetPairs"), second.of("AssetPairs")) == ([PAIRS], [])


async def test_the_window_is_asked_in_whole_seconds_that_hold_it() -> None:
    broker = Broker()
    part = timedelta(milliseconds=500)
    await broker.walked(window=Window(START - part, START + part))
    (asked,) = broker.of("TradesHistory")
    at, form = int(START.timestamp()), asked.form or {}
    assert (int(form["start"]), int(form["end"])) == (at - 2, at + 1)


async def test_nothing_in_both_histories_is_one_page_of_each() -> None:
    broker = Broker()
    pages = await broker.walked(window=Window(START - 9 * MINUTE, START - MINUTE))
    assert (given(pages), len(broker.of("TradesHistory")), len(broker.of("Ledgers"))) == ([], 1, 1)


class TestProgress:
    @pytest.mark.parametrize(
        "progress",
        [
            Progress(),
            Progress(START, date(2026, 3, 16), {"XXBTZUSD": "XBT/USD"}),
            Progress(None, date(2026, 3, 16)),
        ],
        ids=str,
    )
    def test_a_mark_says_all_of_it(self, progress: Progress) -> None:
        assert Progress.of(progress.mark()) == progress

    def test_a_cut_walk_goes_on_and_a_whole_one_begins_with_the_window(self) -> None:
        assert Progress(START - MINUTE).begin(WINDOW) == START - MINUTE
        assert Progress(None, date(2026, 3, 10)).begin(WINDOW) == WINDOW.since
        assert Progress(None, date(2026, 3, 9)).begin(WINDOW) == START - timedelta(days=30)
        assert Progress().begin(WINDOW) == WINDOW.since

    def test_a_month_is_noted_when_it_was_read_whole(self) -> None:
        progress = Progress(None, date(2026, 3, 9))
        progress.end(WINDOW)
        assert progress == Progress(None, date(2026, 3, 16))
