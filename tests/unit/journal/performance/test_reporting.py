from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.domain.annotation import Annotation, Plan, Subject
from shared.domain.execution import AssetClass, Execution
from shared.domain.ids import AccountKey
from shared.domain.journal.position import Position
from shared.domain.performance.conversion import Quotes
from shared.domain.performance.groups import Dimension
from shared.domain.performance.prop_rules import PropRules
from shared.journal.annotations.store import Annotations
from shared.journal.performance.prices import Mark, Prices
from shared.journal.performance.report import Asked, PerformanceReport
from shared.journal.performance.reporting import Performances
from shared.journal.performance.rules import PropRulesStore
from tests.house import House
from tests.rows import ACCOUNT, START, USER, account_document, fill, key_of, page
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.no_prices import NoPrices

DAY = date(2020, 5, 26)
DAY_MINUTES = 24 * 60


class SomePrices:
    """SPY at 310, EUR at 1.10 dollars."""

    async def mark(self, position: Position) -> Mark | None:
        return Mark(Decimal(310), START, "test") if position.symbol == "SPY" else None

    async def quotes(self, pairs: Sequence[str], since: date, until: date) -> Quotes:
        return Quotes({"EURUSD": {DAY: Decimal("1.1")}}, "test")


@pytest.fixture
async def house() -> House:
    made = House(MemoryDocuments())
    await made.documents.commit([account_document()])
    rows = [
        fill("w1", "10", "300", fee="1"),
        fill("w2", "-10", "305", minute=5, fee="1"),
        fill("l1", "10", "300", minute=DAY_MINUTES),
        fill("l2", "-10", "298", minute=DAY_MINUTES + 5),
        fill("e1", "1", "100", symbol="DAX", currency="EUR"),
        fill("e2", "-1", "110", minute=2, symbol="DAX", currency="EUR"),
        fill("o1", "4", "306", minute=DAY_MINUTES + 9),
        fill("o2", "1", "20", minute=DAY_MINUTES + 9, symbol="XYZ"),
    ]
    await made.store.store(page(rows))
    await made.settle()
    return made


def use_case(house: House, prices: Prices | None = None) -> Performances:
    ports = house.clock, house.entropy
    return Performances(
        house.documents,
        house.clock,
        house.queries,
        PropRulesStore(house.documents, *ports),
        prices or SomePrices(),
    )


async def report(house: House, **asked: Any) -> PerformanceReport:
    return await use_case(house).report(USER, Asked(**asked))


async def test_each_currency_has_figures_and_a_curve_of_its_own(house: House) -> None:
    found = {one.currency: one for one in (await report(house)).currencies}
    assert {name: one.figures.net for name, one in found.items()} == {
        "USD": Decimal(28),
        "EUR": Decimal(10),
    }
    assert [point.equity for point in found["USD"].curve.points] == [Decimal(48), Decimal(28)]


async def test_the_summary_of_a_report_is_the_summary(house: House) -> None:
    assert (await report(house)).summary == await house.queries.summary(USER)


async def test_a_span_counts_trips_by_the_trading_day_of_their_end(house: House) -> None:
    found = await report(house, since=DAY + timedelta(days=1))
    (usd,) = [one for one in found.currencies if one.currency == "USD"]
    assert (usd.figures.round_trips, usd.figures.net) == (1, Decimal(-20))


async def test_what_is_open_is_valued_where_a_price_is_known(house: House) -> None:
    found = {one.symbol: one for one in (await report(house)).unrealized}
    assert (found["SPY"].profit, found["SPY"].source) == (Decimal(16), "test")
    assert (found["XYZ"].profit, found["XYZ"].price) == (None, None)


async def test_tags_and_planned_risk_reach_the_figures(house: House) -> None:
    first = fill("w1", "10", "300", fee="1")
    said = Annotation(tags=("plan a",), plan=Plan(stop=Decimal("297.6")))
    notes = Annotations(house.documents, house.bus, house.clock, house.entropy)
    await notes.say(USER, Subject.ROUND_TRIP, key_of(first), said)
    found = await report(house, by=(Dimension.TAG,))
    groups = {(g.label, g.currency): g.figures for g in found.groups[0].groups}
    assert groups["plan a", "USD"].r_average == Decimal(2)
    assert groups["without a tag", "USD"].r_trips == 0


async def test_groups_by_broker_name_it(house: House) -> None:
    found = await report(house, by=(Dimension.BROKER,))
    assert {group.name for group in found.groups[0].groups} == {"alpaca"}


async def test_one_currency_is_told_with_its_rates(house: House) -> None:
    net = (await report(house, into="USD")).net
    assert net is not None
    assert (net.amount, net.missing) == (Decimal(39), ())
    assert [(rate.currency, rate.on, rate.source) for rate in net.rates] == [
        ("EUR", DAY, "test: EURUSD")
    ]


async def test_without_a_rate_a_currency_is_named_and_left_out(house: House) -> None:
    found = await use_case(house, NoPrices()).report(USER, Asked(into="USD"))
    assert found.net is not None
    assert (found.net.amount, found.net.missing) == (Decimal(28), ("EUR",))


async def test_an_accounts_rules_tell_how_they_stand(house: House) -> None:
    rules = PropRules.model_validate(
        {
            "currency": "USD",
            "beginning": "1000",
            "begins_on": DAY,
            "trailing_drawdown": "100",
            "daily_loss": "40",
        }
    )
    await use_case(house).rules.put(USER, AccountKey(ACCOUNT), rules)
    (found,) = (await report(house)).rules
    states = {state.rule: state for state in found.states}
    assert states["trailing_drawdown"].floor == Decimal(948)
    assert found.unrealized is None  # XYZ has no price


async def test_rules_can_be_taken_away(house: House) -> None:
    use = use_case(house)
    rules = PropRules.model_validate({"currency": "USD", "beginning": "1000", "begins_on": DAY})
    await use.rules.put(USER, AccountKey(ACCOUNT), rules)
    await use.rules.put(USER, AccountKey(ACCOUNT), None)
    assert (await report(house)).rules == ()


async def test_another_accounts_trips_are_not_in_a_report(house: House) -> None:
    found = await report(house, account_key=AccountKey("other"))
    assert (found.currencies, found.unrealized) == ((), ())


async def test_a_futures_evening_belongs_to_the_next_trading_day(house: House) -> None:
    def es(name: str, quantity: str, price: str, minute: float) -> Execution:
        return fill(
            name,
            quantity,
            price,
            minute=minute,
            symbol="ESM0",
            root="ES",
            asset_class=AssetClass.FUTURE,
            multiplier="50",
        )

    evening = 8 * 60 + 30  # 18:30 in New York
    await house.store.store(
        page([es("f1", "1", "3000", 0), es("f2", "-1", "3001", evening)], run=2)
    )
    await house.settle()
    found = await report(house, since=DAY + timedelta(days=1), by=(Dimension.INSTRUMENT,))
    assert {group.name: group.figures.net for group in found.groups[0].groups}["ES"] == Decimal(50)
