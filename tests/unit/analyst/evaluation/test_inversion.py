from shared.analyst.evaluation.inversion import groups_of, invert
from shared.domain.bias import FEATURE_STEPS, Step
from tests.markets import small_snapshot


def value(snapshot, name):
    return snapshot.feature(name).value


def test_the_synthesis_turns_one_step_round_at_a_time():
    assert set(groups_of(Step.SYNTHESIS)) == set(FEATURE_STEPS)
    assert set(groups_of(Step.FLUX)) == {"flux"}


def test_only_the_named_group_moves_and_no_price_does():
    before = small_snapshot()
    after = invert(before, groups_of(Step.TECHNICAL)["technical"])
    assert value(after, "rsi14") == 27.5  # mirrored between 30 and 70
    assert value(after, "sma20_distance") == -1.84
    assert value(after, "sma20") == 293.0
    assert value(after, "regime_ratio") == value(before, "regime_ratio")
    assert after.hash != before.hash


def test_words_counts_and_shares_have_another_side_too():
    snapshot = small_snapshot()
    leaders = invert(snapshot, groups_of(Step.LEADERS)["leaders"])
    assert value(leaders, "leader_link") == "no link"
    assert value(leaders, "breadth50") == 0.0
    macro = invert(snapshot, groups_of(Step.MACRO)["macro"])
    assert value(macro, "high_today") == 0


def test_what_is_missing_stays_missing():
    turned = invert(small_snapshot(), groups_of(Step.SECURITY)["security"])
    assert value(turned, "vix") is None


def test_turned_twice_it_is_what_it_was():
    names = groups_of(Step.TECHNICAL)["technical"]
    assert invert(invert(small_snapshot(), names), names) == small_snapshot()
