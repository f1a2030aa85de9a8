from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.domain.errors import NotFound
from shared.domain.execution import AssetClass, EventType, Fee
from shared.domain.messages import JournalChanged
from shared.domain.time import to_micros
from shared.journal.build import BuildJournal
from shared.journal.queries import JournalQueries, Window
from shared.journal.reconcile import Reconcile
from shared.journal.reconciliation.comparison import Agreement
from shared.journal.reconciliation.discrepancies import acknowledge
from shared.journal.reconciliation.result import Reconciliation
from shared.journal.store import StoreExecutions
from shared.ports import Create, Key, Update
from tests.rows import ACCOUNT, START, USER, event, fill, page
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_bus import MemoryBus
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy

AT = 10  # minutes after the start; the first report is taken 10 seconds later, and so on
BETWEEN = AT + 0.25  # the first report and the second


class Desk:
    """An account with a log, built or not, and what the broker reported in run 2."""

    def __init__(self) -> None:
        self.documents, self.bus = MemoryDocuments(), MemoryBus()
        clock, entropy = ManualClock(), SeededEntropy()
        self._store = StoreExecutions(self.documents, self.bus, clock, entropy)
        self._builder = BuildJournal(self.documents, clock, entropy)
        self.use_case = Reconcile(self.documents, clock, entropy)
        self.queries = JournalQueries(self.documents)
        self._reports = 0

    async def put(self, *rows: Any, run: int = 1, build: bool = True) -> None:
        await self._store.store(page(rows, run=run))
        for delivery in self.bus.take():
            if build:
                await self._builder.build(JournalChanged.decode(delivery.data))

    async def note_run(self, run: int, state: str) -> None:
        key = Key("runs", (USER, f"{ACCOUNT}-{run:012d}"))
        body = {
            "account_key": ACCOUNT,
            "run": run,
            "state": state,
            "window_from_us": to_micros(START - timedelta(days=30)),
            "zone": "UTC",
        }
        (found,) = await self.documents.get_many([key])
        await self.documents.commit(
            [Create(key, body) if found is None else Update(key, body, found.version)]
        )

    async def report(
        self, run: int = 2, state: str = "closed", cash: str = "0", **quantities: str
    ) -> None:
        """Report quantities, "30@100" with an average price."""
        self._reports += 1
        at_us = to_micros(START) + AT * 60_000_000 + self._reports * 10_000_000
        positions = [
            {
                "symbol": symbol,
                "root": symbol,
                "quantity": told.partition("@")[0],
                "average_price": told.partition("@")[2] or None,
                "asset_class": "equity",
            }
            for symbol, told in quantities.items()
            if told != "0"
        ]
        body = {
            "account_key": ACCOUNT,
            "run": run,
            "at_us": at_us,
            "currency": "USD",
            "cash": cash,
            "cash_adds_up": True,
            "positions": positions,
        }
        key = Key("position_reports", (USER, f"{ACCOUNT}-{at_us}"))
        await self.documents.commit([Create(key, body)])
        await self.note_run(run, state)

    async def agree(self, **quantities: str) -> None:
        """Let a first report agree, so that later differences are no opening lots."""
        await self.report(**quantities)
        assert (await self.compare()).state is Agreement.AGREED

    async def acknowledge(self, note: str) -> None:
        ports = self.documents, ManualClock(), SeededEntropy()
        await acknowledge(*ports, USER, ACCOUNT, "SPY", note)

    async def compare(self) -> Reconciliation:
        return await self.use_case.reconcile(USER, ACCOUNT)


async def test_equal_sides_agree() -> None:
    desk = Desk()
    await desk.put(fill("a", "10", "100"), fill("b", "-2.5", "50", symbol="QQQ"))
    await desk.report(SPY="10", QQQ="-2.5")
    result = await desk.compare()
    assert (result.state, result.differing) == (Agreement.AGREED, ())
    assert [(line.symbol, line.ours) for line in result.lines] == [
        ("QQQ", Decimal("-2.5")),
        ("SPY", Decimal(10)),
    ]


async def test_a_fee_in_units_is_on_neither_side_of_a_difference() -> None:
    desk = Desk()
    fee = Fee(amount=Decimal("0.5"), currency="BTC")
    coin = {"symbol": "BTC", "base": "BTC", "asset_class": AssetClass.CRYPTO, "fees": (fee,)}
    await desk.put(fill("a", "10", "100", **coin), fill("b", "10", "100", minute=AT + 1, **coin))
    await desk.agree(BTC="9.5")
    await desk.report(run=3, BTC="9.5", IWM="3")
    result = await desk.compare()
    assert (result.state, [line.symbol for line in result.differing]) == ("differs", ["IWM"])


async def test_a_symbol_that_one_side_lacks_is_zero_there() -> None:
    desk = Desk()
    await desk.put(fill("a", "10", "100"))
    await desk.agree(SPY="10")
    await desk.report(run=3, IWM="3")
    result = await desk.compare()
    assert result.state is Agreement.DIFFERS
    assert [(line.symbol, line.ours, line.theirs) for line in result.differing] == [
        ("IWM", Decimal(0), Decimal(3)),
        ("SPY", Decimal(10), Decimal(0)),
    ]


async def test_an_option_that_has_ended_is_held_by_neither_side() -> None:
    desk = Desk()
    option = fill("o", "2", "3", symbol="SPY260417P", root="SPY", asset_class=AssetClass.OPTION)
    ended = event("e", "0", kind=EventType.EXPIRY, quantity="-2", root="SPY", minute=AT - 1)
    named = {"symbol": option.symbol, "asset_class": AssetClass.OPTION, "price": Decimal(0)}
    await desk.put(option, ended.model_copy(update=named))
    await desk.report()
    assert (await desk.compare()).state is Agreement.AGREED


async def test_an_option_that_ends_after_the_report_is_still_held_then() -> None:
    desk = Desk()
    option = fill("o", "2", "3", symbol="SPY260417P", root="SPY", asset_class=AssetClass.OPTION)
    ended = event("e", "0", kind=EventType.EXPIRY, quantity="-2", root="SPY", minute=AT + 1)
    named = {"symbol": option.symbol, "asset_class": AssetClass.OPTION, "price": Decimal(0)}
    await desk.put(option, ended.model_copy(update=named))
    await desk.report(SPY260417P="2")
    assert (await desk.compare()).state is Agreement.AGREED


async def test_without_a_report_nothing_is_known() -> None:
    desk = Desk()
    await desk.put(fill("a", "10", "100"))
    result = await desk.compare()
    assert (result.state, result.lines) == (Agreement.UNKNOWN, ())
    assert "not reported" in result.reason


async def test_an_empty_report_is_flat_and_not_unknown() -> None:
    desk = Desk()
    await desk.report()
    assert (await desk.compare()).state is Agreement.AGREED


async def test_fills_after_the_report_are_left_out() -> None:
    desk = Desk()
    await desk.put(fill("a", "10", "100"), fill("later", "5", "100", minute=AT + 1))
    await desk.report(SPY="10")
    assert (await desk.compare()).state is Agreement.AGREED


async def test_an_open_run_before_the_report_makes_it_unknown() -> None:
    desk = Desk()
    await desk.put(fill("a", "10", "100"))
    await desk.note_run(1, "fetched")
    await desk.report(SPY="11")
    result = await desk.compare()
    assert (result.state, result.reason) == (Agreement.UNKNOWN, "run 1 is not closed yet")


async def test_an_abandoned_run_of_the_report_makes_it_unknown() -> None:
    desk = Desk()
    await desk.report(state="abandoned", SPY="10")
    assert (await desk.compare()).state is Agreement.UNKNOWN


async def test_a_gap_that_waits_to_be_read_again_makes_it_unknown() -> None:
    desk = Desk()
    gap = {"state": "gap", "quarantined": 0, "run": 1}
    body = {"account_key": ACCOUNT, "year": 2020, "days": {"2020-05-26": gap}}
    await desk.documents.commit([Create(Key("coverage", (USER, f"{ACCOUNT}-2020")), body)])
    await desk.report(SPY="10")
    result = await desk.compare()
    assert (result.state, "2020-05-26" in result.reason) == (Agreement.UNKNOWN, True)


async def test_a_journal_that_is_behind_its_log_is_unknown_and_no_difference() -> None:
    desk = Desk()
    await desk.put(fill("a", "10", "100"), build=False)
    await desk.report(SPY="10")
    result = await desk.compare()
    assert (result.state, "SPY" in result.reason) == (Agreement.UNKNOWN, True)


async def test_a_discrepancy_stays_open_until_the_sides_agree() -> None:
    desk = Desk()
    await desk.put(fill("a", "10", "100"))
    await desk.agree(SPY="10")
    await desk.report(run=3, SPY="11")
    await desk.compare()
    (first,) = await desk.queries.discrepancies(USER, ACCOUNT)
    await desk.put(fill("missed", "1", "100", minute=BETWEEN), run=3)
    await desk.compare()
    (then,) = await desk.queries.discrepancies(USER, ACCOUNT)
    assert (first["state"], first["ours"], first["theirs"]) == ("open", "10", "11")
    assert (then["state"], then["since_us"]) == ("resolved", first["since_us"])


async def test_an_unknown_result_leaves_discrepancies_as_they_are() -> None:
    desk = Desk()
    await desk.put(fill("a", "10", "100"))
    await desk.agree(SPY="10")
    await desk.report(run=3, SPY="11")
    await desk.compare()
    await desk.report(run=4, state="fetched", SPY="10")
    await desk.compare()
    (kept,) = await desk.queries.discrepancies(USER, ACCOUNT)
    assert kept["state"] == "open"
    (stored,) = await desk.queries.reconciliations(USER)
    assert stored.state is Agreement.UNKNOWN


async def test_a_sweep_looks_at_the_accounts_of_every_user() -> None:
    desk = Desk()
    for user in ("user-1", "user-2"):
        await desk.documents.commit(
            [Create(Key("accounts", (user, ACCOUNT)), {"broker": "alpaca"})]
        )
    results = await desk.use_case.sweep(None)
    assert len(results) == 2
    assert len(await desk.queries.reconciliations(USER)) == 1


async def test_an_account_that_cannot_be_compared_holds_up_no_other() -> None:
    desk = Desk()
    await desk.put(fill("a", "1", "100"))
    await desk.report(SPY="1")
    await desk.note_run(1, "closed")
    body = {"broker": "alpaca", "last_run": 1}
    for name in (ACCOUNT, "spoiled"):
        await desk.documents.commit([Create(Key("accounts", (USER, name)), body)])
    spoiled = {"account_key": "spoiled", "run": "no number", "at_us": 1, "positions": []}
    await desk.documents.commit([Create(Key("position_reports", (USER, "spoiled-1")), spoiled)])
    found = {one.account_key: one for one in await desk.use_case.sweep(USER)}
    assert found[ACCOUNT].state is Agreement.AGREED
    assert (found["spoiled"].state, found["spoiled"].reason[:26]) == (
        Agreement.UNKNOWN,
        "it could not be compared j",
    )


async def test_what_was_held_before_the_history_is_an_opening_lot_and_no_false_short() -> None:
    desk = Desk()
    await desk.put(fill("s", "-4", "110"))
    await desk.report(SPY="6")
    assert (await desk.compare()).state is Agreement.AGREED
    (held,) = await desk.queries.positions(USER, ACCOUNT)
    assert (held.quantity, held.average_price) == (Decimal(6), None)


async def test_the_brokers_average_is_the_cost_of_what_is_all_still_held() -> None:
    desk = Desk()
    await desk.put(fill("b", "10", "120"))
    await desk.report(SPY="30@100")
    await desk.compare()
    (held,) = await desk.queries.positions(USER, ACCOUNT)
    assert (held.quantity, held.cost) == (Decimal(30), Decimal(3000))


async def test_an_older_fill_that_arrives_takes_the_place_of_the_inferred_lot() -> None:
    desk = Desk()
    await desk.put(fill("s", "-4", "110"))
    await desk.report(SPY="0")
    await desk.compare()
    await desk.put(fill("old", "4", "90", minute=-31 * 24 * 60), run=2)
    trips = await desk.queries.round_trips(USER, ACCOUNT, Window())
    assert [(trip.net, trip.origin) for trip in trips.items] == [(Decimal(80), None)]


async def test_a_buy_that_the_broker_does_not_hold_is_a_difference_and_no_lot() -> None:
    desk = Desk()
    await desk.put(fill("b", "10", "120"))
    await desk.report()
    assert (await desk.compare()).state is Agreement.DIFFERS


async def test_a_late_row_before_the_first_report_corrects_the_lot() -> None:
    desk = Desk()
    await desk.put(fill("b", "10", "120"))
    await desk.report(SPY="30")
    await desk.compare()
    await desk.put(fill("late", "5", "121", minute=2), run=2)
    assert (await desk.compare()).state is Agreement.AGREED
    (held,) = await desk.queries.positions(USER, ACCOUNT)
    assert held.quantity == Decimal(30)


async def test_a_row_that_moved_nothing_until_it_came_leaves_no_lot() -> None:
    desk = Desk()
    await desk.put(fill("b", "10", "120"))
    await desk.report(SPY="10")
    await desk.put(fill("late", "-4", "121", minute=2), run=2)  # dated before the first report
    await desk.report(run=3, SPY="6")
    assert (await desk.compare()).state is Agreement.AGREED
    (held,) = await desk.queries.positions(USER, ACCOUNT)
    assert held.quantity == Decimal(6)


async def test_a_discrepancy_names_what_may_have_caused_it() -> None:
    desk = Desk()
    await desk.put(fill("a", "10", "100"))
    await desk.agree(SPY="10")
    await desk.report(run=3, SPY="20")
    await desk.compare()
    (found,) = await desk.queries.discrepancies(USER, ACCOUNT)
    assert found["suspects"][0]["cause"] == "split"


async def test_an_acknowledged_discrepancy_opens_again_when_it_changes() -> None:
    desk = Desk()
    await desk.put(fill("a", "10", "100"))
    await desk.agree(SPY="10")
    await desk.report(run=3, SPY="11")
    await desk.compare()
    await desk.acknowledge("a gift of one share")
    await desk.compare()
    (known,) = await desk.queries.discrepancies(USER, ACCOUNT)
    await desk.report(run=4, SPY="12")
    await desk.compare()
    (then,) = await desk.queries.discrepancies(USER, ACCOUNT)
    assert (known["state"], known["note"]) == ("acknowledged", "a gift of one share")
    assert (then["state"], then["note"]) == ("open", "")


async def test_nothing_that_agrees_can_be_acknowledged() -> None:
    desk = Desk()
    with pytest.raises(NotFound):
        await desk.acknowledge("nothing")


async def test_cash_is_compared_from_the_second_report_on() -> None:
    desk = Desk()
    await desk.put(fill("a", "10", "100"))
    await desk.report(SPY="10", cash="5000")
    first = (await desk.compare()).balance
    await desk.put(fill("b", "-10", "101", minute=BETWEEN, fee="1"), run=3)
    await desk.report(run=3, SPY="0", cash="6009")
    second = (await desk.compare()).balance
    assert first is not None
    assert second is not None
    assert (first.state, second.state) == (Agreement.UNKNOWN, Agreement.AGREED)


async def test_cash_that_differs_keeps_its_beginning_until_it_agrees() -> None:
    desk = Desk()
    await desk.put(fill("a", "10", "100"))
    await desk.report(SPY="10", cash="5000")
    await desk.compare()
    await desk.report(run=3, SPY="10", cash="4990")
    differs = (await desk.compare()).balance
    await desk.put(event("fee", "-10", minute=BETWEEN), run=4)
    await desk.report(run=4, SPY="10", cash="4990")
    agrees = (await desk.compare()).balance
    assert differs is not None
    assert agrees is not None
    assert (differs.difference, agrees.state) == (Decimal(-10), Agreement.AGREED)


async def test_more_holdings_than_a_batch_has_writes_are_all_compared() -> None:
    desk = Desk()
    await desk.put(fill("a", "1", "100"))
    many = {f"S{n:03d}": "1" for n in range(460)}
    await desk.report(SPY="1", **many)
    assert (await desk.compare()).state is Agreement.AGREED
    assert len(await desk.queries.opening_lots(USER, ACCOUNT)) == 460
    await desk.report(run=3, SPY="1", **dict.fromkeys(many, "3"))
    result = await desk.compare()
    assert (result.state, len(result.differing)) == (Agreement.DIFFERS, 460)
    assert len(await desk.queries.discrepancies(USER, ACCOUNT)) == 460
