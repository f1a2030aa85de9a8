from collections import defaultdict
from datetime import date
from decimal import Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.execution import EventType, Execution
from shared.domain.journal.book import build_book
from shared.domain.journal.performance import summarize
from shared.domain.journal.position import Position
from tests.rows import event, fill, log

AMOUNTS = st.decimals(min_value="-50", max_value="50", places=6).filter(bool)
PRICES = st.decimals(min_value="0", max_value="5000", places=4)
FEES = st.none() | st.decimals(min_value="-1", max_value="3", places=4)


@st.composite
def streams(draw: st.DrawFn) -> list[Execution]:
    """Fills of two symbols with whole and broken sizes, ties in time included."""
    sizes = draw(st.lists(AMOUNTS | st.sampled_from([Decimal(5), Decimal(-5)]), max_size=30))
    return [
        fill(
            f"f{number}",
            str(size),
            str(draw(PRICES)),
            minute=draw(st.integers(0, 20)),
            symbol=draw(st.sampled_from(["ESM0", "ESU0"])),
            root="ES",
            multiplier="50",
            fee=None if (fee := draw(FEES)) is None else str(fee),
        )
        for number, size in enumerate(sizes)
    ]


@given(streams(), PRICES)
def test_realized_and_unrealized_equal_the_cash_that_flowed(
    rows: list[Execution], mark: Decimal
) -> None:
    book = build_book("ES", log(*rows))
    with localcontext(prec=200):
        cash = sum((-r.signed_quantity * r.price * r.multiplier for r in rows), Decimal(0))
        fees = sum((f.amount for r in rows for f in r.fees), Decimal(0))
        held: defaultdict[str, Decimal] = defaultdict(Decimal)
        for row in rows:
            held[row.symbol] += row.signed_quantity
        worth = sum((q * mark * 50 for q in held.values()), Decimal(0))
        realized = sum((t.gross for t in book.trips), Decimal(0))
        unrealized = sum((p.unrealized(mark) for p in book.positions), Decimal(0))
        net = sum((t.net for t in book.trips), Decimal(0))
        assert realized + unrealized == cash + worth
        assert net + unrealized == cash + worth - fees
        assert sum((d.gross for d in book.days), Decimal(0)) == realized
        assert sum((d.fees for d in book.days), Decimal(0)) == fees
    assert {p.symbol: p.quantity for p in book.positions} == {s: q for s, q in held.items() if q}


@given(streams(), st.randoms(use_true_random=False))
def test_any_order_of_rows_gives_the_same_book(rows: list[Execution], random: object) -> None:
    shuffled = log(*rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert build_book("ES", shuffled) == build_book("ES", log(*rows))


@given(streams())
def test_every_trip_runs_from_flat_to_flat(rows: list[Execution]) -> None:
    book = build_book("ES", log(*rows))
    closed = [trip for trip in book.trips if trip.closed_at is not None]
    assert len({trip.key for trip in book.trips}) == len(book.trips)
    assert len(book.trips) - len(closed) == len(book.positions)
    assert sum(day.round_trips for day in book.days) == len(closed)


def test_a_days_fee_stands_apart_from_the_trips() -> None:
    rows = (
        fill("a", "10", "100", fee="1"),
        fill("b", "-10", "101", minute=5, fee="1"),
        event("taf", "-0.50", minute=600, root="SPY"),
    )
    book = build_book("SPY", log(*rows))
    (totals,) = summarize(book.days, 0).totals
    assert book.trips[0].net == Decimal(8)
    assert (totals.gross, totals.fees, totals.day_fees, totals.net) == (
        Decimal(10),
        Decimal(2),
        Decimal("0.5"),
        Decimal("7.5"),
    )


def test_a_fee_that_arrives_the_next_day_belongs_to_its_trading_day() -> None:
    book = build_book("", log(event("taf", "-0.50", on=date(2020, 5, 26), minute=60 * 24)))
    assert [day.day for day in book.days] == [date(2020, 5, 26)]


def test_dividends_are_income_and_no_profit() -> None:
    book = build_book("SPY", log(event("d", "12.34", kind=EventType.DIVIDEND, root="SPY")))
    (totals,) = summarize(book.days, 0).totals
    assert (totals.income, totals.net) == (Decimal("12.34"), Decimal(0))


def test_an_event_that_moves_shares_is_counted_as_not_applied() -> None:
    book = build_book("SPY", log(event("s", "0", kind=EventType.SPLIT, quantity="10", root="SPY")))
    assert book.unapplied == 1


def test_a_fee_in_another_currency_counts_in_its_own() -> None:
    coins = fill("x", "1", "1", fee="0.001", currency="BNB").fees
    paid = fill("a", "1", "100").model_copy(update={"fees": coins})
    book = build_book("SPY", log(paid))
    assert {(d.currency, d.fees) for d in book.days} == {
        ("USD", Decimal(0)),
        ("BNB", Decimal("0.001")),
    }
    assert book.trips[0].fees == 0


@given(streams())
def test_positions_survive_their_own_json(rows: list[Execution]) -> None:
    for position in build_book("ES", log(*rows)).positions:
        assert Position.model_validate(position.model_dump(mode="json")) == position
