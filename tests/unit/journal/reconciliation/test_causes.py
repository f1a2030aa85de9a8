from decimal import Decimal

import pytest

from shared.domain.execution import AssetClass, RowStatus
from shared.domain.ids import RowKey
from shared.domain.journal.flags import Flag
from shared.journal.reconciliation.causes import Cause, Evidence, suspects
from shared.journal.reconciliation.comparison import Line
from tests.rows import fill, log


def line(ours: str, theirs: str) -> Line:
    return Line(symbol="SPY", root="SPY", ours=Decimal(ours), theirs=Decimal(theirs))


def likeliest(evidence: Evidence) -> Cause:
    return suspects(evidence)[0].cause


@pytest.mark.parametrize(("ours", "theirs"), [("10", "20"), ("10", "15"), ("-30", "-10")])
def test_a_simple_ratio_is_a_split(ours: str, theirs: str) -> None:
    assert likeliest(Evidence(line(ours, theirs), log(fill("a", ours, "100")))) is Cause.SPLIT


def test_a_row_that_could_not_be_read_and_names_the_symbol_comes_first() -> None:
    evidence = Evidence(line("10", "20"), [], unread=["quantity: 'abc'"])
    assert likeliest(evidence) is Cause.UNREAD_ROW


def test_a_row_that_could_not_be_applied_comes_before_a_guess() -> None:
    evidence = Evidence(line("10", "20"), [], flags=[Flag(RowKey("k"), "a merger")])
    assert likeliest(evidence) is Cause.UNAPPLIED_ROW


def test_two_fills_that_are_alike_may_be_one() -> None:
    rows = log(fill("a", "7", "100"), fill("b", "7", "100"))
    assert likeliest(Evidence(line("14", "7"), [*rows, *log(fill("c", "1", "5"))])) in {
        Cause.DUPLICATE,
        Cause.SPLIT,
    }
    assert Cause.DUPLICATE in {one.cause for one in suspects(Evidence(line("15", "8"), rows))}


def test_a_cancelled_fill_that_the_broker_still_holds_is_a_correction() -> None:
    rows = log(fill("a", "7", "100", status=RowStatus.BUSTED))
    assert likeliest(Evidence(line("0", "7"), rows)) is Cause.CORRECTION


def test_a_little_less_coin_than_was_bought_is_a_fee() -> None:
    rows = log(fill("a", "2", "100", asset_class=AssetClass.CRYPTO))
    assert likeliest(Evidence(line("2", "1.998"), rows)) is Cause.FEE


def test_an_old_holding_is_suspected_where_the_history_begins_late() -> None:
    evidence = Evidence(line("0", "13"), [], begins_late=True)
    assert likeliest(evidence) is Cause.OPENING_LOT


def test_futures_are_not_transferred() -> None:
    rows = log(fill("a", "1", "100", asset_class=AssetClass.FUTURE))
    causes = {one.cause for one in suspects(Evidence(line("1", "4.5"), rows))}
    assert causes == {Cause.MISSING_ROW}


def test_there_is_always_something_to_do() -> None:
    assert "resync" in suspects(Evidence(line("1", "17"), []))[-1].why
