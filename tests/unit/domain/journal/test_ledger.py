"""The ledger against an independent computation, and against itself cut in two."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal, localcontext
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from shared.domain.execution import AccountEvent, AssetClass, EventType, Execution, Fee, Ratio
from shared.domain.journal.book import build_book
from shared.domain.journal.ledger import Basis, Ledger, State
from shared.domain.journal.lots import CostMethod
from shared.domain.journal.opening import LotOrigin, OpeningLot
from tests.rows import START, event, fill, log

SIZES = st.sampled_from(["1", "-1", "2.5", "-3", "0.0001", "7", "-7"])
PRICES = st.sampled_from(["10", "11.25", "0.0003", "250"])
SYMBOLS = st.sampled_from(["BTCUSDT", "BTCUSDC"])
Row = Execution | AccountEvent


@st.composite
def fills(draw: st.DrawFn, name: str) -> Execution:
    """A fill of a coin with fees in its own, the quoted and a third currency."""
    size, symbol = Decimal(draw(SIZES)), draw(SYMBOLS)
    quoted = symbol[3:]
    fees = {
        "BTC": abs(size) * draw(st.sampled_from([Decimal(0), Decimal("0.001"), Decimal("-0.01")])),
        quoted: draw(st.sampled_from([Decimal(0), Decimal("0.07")])),
        "BNB": draw(st.sampled_from([Decimal(0), Decimal("0.0011")])),
    }
    return fill(
        name,
        str(size),
        draw(PRICES),
        minute=draw(st.integers(0, 30)) * 7,
        symbol=symbol,
        root="BTC",
        currency=quoted,
        asset_class=AssetClass.CRYPTO,
        base="BTC",
        fees=tuple(Fee(amount=amount, currency=c) for c, amount in fees.items() if amount),
    )


@st.composite
def events(draw: st.DrawFn, name: str) -> AccountEvent:
    """A split, an ending without a sign, a fee in units, or a transfer in with its cost."""
    symbol = draw(SYMBOLS)
    kind = draw(st.sampled_from(["split", "expiry", "fee", "transfer"]))
    told = {
        "split": {"ratio": Ratio(new=Decimal(2), old=Decimal(draw(st.sampled_from("14"))))},
        "expiry": {"closes": draw(SIZES).lstrip("-"), "price": draw(PRICES)},
        "fee": {"quantity": "-0.01", "price": draw(PRICES)},
        "transfer": {"quantity": "3", "price": draw(PRICES)},
    }[kind]
    return event(
        name,
        "0",
        kind=EventType(kind),
        minute=draw(st.integers(0, 30)) * 7,
        **{
            "symbol": symbol,
            "root": "BTC",
            "currency": symbol[3:],
            "asset_class": AssetClass.CRYPTO,
            **told,
        },
    )


@st.composite
def logs(draw: st.DrawFn) -> list[Row]:
    """A log in which most rows are fills."""
    kinds = draw(st.lists(st.sampled_from("ffffe"), max_size=25))
    return [draw(fills(f"r{n}") if k == "f" else events(f"r{n}")) for n, k in enumerate(kinds)]


class Cash:
    """What a broker's own books would hold: units and cash; it knows nothing of lots and trips."""

    def __init__(self) -> None:
        self.units: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.cash: defaultdict[str, Decimal] = defaultdict(Decimal)

    def take(self, row: Row) -> None:
        symbol = row.symbol or ""
        if isinstance(row, Execution):
            self._trade(symbol, row.signed_quantity, row.price)
            for fee in row.fees:
                if fee.currency == "BTC":
                    self.units[symbol] -= fee.amount
                else:
                    self.cash[fee.currency] -= fee.amount
        elif row.ratio is not None:
            self.units[symbol] *= row.ratio.new / row.ratio.old
        elif row.type is EventType.EXPIRY and row.price is not None:
            held, size = self.units[symbol], row.closes or Decimal(0)
            self._trade(symbol, -min(size, abs(held)).copy_sign(held), row.price)
        elif row.type is EventType.FEE:
            self.units[symbol] += row.quantity or 0
        elif row.type is EventType.TRANSFER and row.quantity and row.price:
            # what comes while short gives back what was sold, and is worth what that had brought
            assert self.units[symbol] >= 0
            self._trade(symbol, row.quantity, row.price)

    def _trade(self, symbol: str, quantity: Decimal, price: Decimal) -> None:
        self.units[symbol] += quantity
        self.cash[symbol[3:]] -= quantity * price


def in_order(rows: Sequence[Row]) -> list[Row]:
    """The order that the journal promises: by instant; splits first, endings last; then by key."""

    def place(entry: tuple[str, Row]) -> tuple[object, ...]:
        key, row = entry
        is_event = isinstance(row, AccountEvent)
        phase = (
            0 if is_event and row.type is EventType.SPLIT else 1 + (is_event and bool(row.closes))
        )
        return row.occurred_at, phase, key

    return [row for _, row in sorted(log(*rows), key=place)]


def without_transfers_to_shorts(rows: Sequence[Row]) -> list[Row]:
    """Leave out transfers that come to a short: they are worth the cost of what they cover."""
    cash, kept = Cash(), []
    for row in in_order(rows):
        comes = isinstance(row, AccountEvent) and row.type is EventType.TRANSFER
        if comes and cash.units[row.symbol or ""] < 0:
            continue
        with localcontext(prec=100):
            cash.take(row)
        kept.append(row)
    return kept


@given(logs(), st.sampled_from(CostMethod), st.sampled_from([Decimal(0), Decimal("13.37")]))
def test_profit_and_holdings_equal_the_units_and_the_cash_that_moved(
    rows: list[Row], method: CostMethod, mark: Decimal
) -> None:
    rows = without_transfers_to_shorts(rows)
    book, cash = build_book("BTC", log(*rows), Basis(method)), Cash()
    with localcontext(prec=100):
        for row in in_order(rows):
            cash.take(row)
        assert {p.symbol: p.quantity for p in book.positions} == {
            s: q for s, q in cash.units.items() if q
        }
        for currency in ("USDT", "USDC", "BNB"):
            days = [day for day in book.days if day.currency == currency]
            net = sum((d.gross - d.fees - d.day_fees for d in days), Decimal(0))
            open_now = [p for p in book.positions if p.currency == currency]
            net += sum((p.unrealized(mark) or 0 for p in open_now), Decimal(0))
            assert net == cash.cash[currency] + sum(p.quantity for p in open_now) * mark


@given(logs(), st.sampled_from(CostMethod))
def test_trips_and_days_tell_the_same(rows: list[Row], method: CostMethod) -> None:
    book = build_book("BTC", log(*rows), Basis(method))
    with localcontext(prec=100):
        for currency in ("USDT", "USDC"):
            days = [day for day in book.days if day.currency == currency]
            trips = [trip for trip in book.trips if trip.currency == currency]
            results = [trip.result for trip in trips if trip.result is not None]
            assert sum(d.gross for d in days) == sum(t.gross or 0 for t in trips)
            assert sum(d.won - d.lost for d in days) == sum(results)
            assert sum(d.round_trips for d in days) == len(results)
        assert len({trip.key for trip in book.trips}) == len(book.trips)


LOT = OpeningLot.model_validate(
    {
        "symbol": "BTCUSDT",
        "root": "BTC",
        "asset_class": "crypto",
        "currency": "USDT",
        "multiplier": "1",
        "quantity": "4",
        "price": None,
        "held_at": START.replace(hour=15),
        "origin": LotOrigin.INFERRED,
    }
)
STATE = TypeAdapter(State)


def month_fills() -> st.SearchStrategy[list[Row]]:
    """Fills of two contract months, close enough to each other to roll."""
    return st.lists(
        st.tuples(
            st.sampled_from(["1", "-1"]),
            st.integers(0, 9),
            st.sampled_from(["ESZ5", "ESH6"]),
        ),
        max_size=25,
    ).map(
        lambda drawn: [
            fill(
                f"m{n}",
                size,
                "3000.25",
                minute=step * 8,
                symbol=month,
                root="ES",
                multiplier="50",
                asset_class=AssetClass.FUTURE,
            )
            for n, (size, step, month) in enumerate(drawn)
        ]
    )


def cut(root: str, rows: Sequence[Row], basis: Basis, at: set[int]) -> Sequence[object]:
    """Build the journal with a ledger that is written down and read back at some instants."""
    ledger, ended, days, relinked = Ledger(root, basis), [], [], {}
    ordered = sorted(log(*rows), key=lambda e: (e[1].occurred_at, e[0]))
    groups = [list(g) for _, g in groupby(ordered, key=lambda e: e[1].occurred_at)]
    for number, group in enumerate(groups):
        ledger.take(group)
        if number in at:
            kept = STATE.dump_json(ledger.state())
            ended, days = ended + ledger.ended, [*days, ledger.days]
            relinked |= ledger.relinked
            assert STATE.dump_json(STATE.validate_json(kept)) == kept
            ledger = Ledger(root, basis, STATE.validate_json(kept))
    ledger.finish()
    ledger.ended[:0] = ended
    ledger.relinked = relinked | ledger.relinked
    for part in days:
        ledger.days.add(part)
    trips = [ledger.linked(trip) for trip in (*ledger.ended, *ledger.open_trips())]
    trips.sort(key=lambda trip: (trip.opened_at, trip.key))
    return tuple(trips), ledger.positions(), ledger.days.figures(root), ledger.flags.count


@given(
    logs().map(lambda rows: ("BTC", rows)) | month_fills().map(lambda rows: ("ES", rows)),
    st.sets(st.integers(0, 30)),
    st.sampled_from(CostMethod),
)
def test_a_ledger_that_is_written_down_and_read_back_goes_on_alike(
    drawn: tuple[str, list[Row]], at: set[int], method: CostMethod
) -> None:
    root, rows = drawn
    basis = Basis(method, (LOT,) if root == "BTC" else ())
    book = build_book(root, log(*rows), basis)
    assert cut(root, rows, basis, at) == (book.trips, book.positions, book.days, book.unapplied)
