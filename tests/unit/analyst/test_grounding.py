from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.analyst.facts import facts_of
from shared.analyst.grounding import violations
from shared.analyst.rules import write_draft
from shared.domain.bias import Claim, Label, SectionDraft, Step
from tests.markets import PRESENT, feature, small_forecast, small_snapshot

SNAPSHOT = small_snapshot()
FORECAST = small_forecast(Label.BEARISH)
FACTS = facts_of(SNAPSHOT, None)
SYNTHESIS_FACTS = facts_of(SNAPSHOT, FORECAST)
GOOD = SectionDraft(
    headline="RSI 14 at {rsi14} is overbought",
    findings=("It stands above the 20-day mean ({sma20_distance}).",),
    risks=("Trade over {prior_high} would matter.",),
    claims=(Claim(feature="rsi14", relation="high"),),
)


def faults(**changes: object) -> tuple[str, ...]:
    return violations(Step.TECHNICAL, GOOD.model_copy(update=changes), FACTS)


def synthesis(**changes: object) -> tuple[str, ...]:
    draft = SectionDraft(
        headline="{instrument}: {wording}",
        findings=("The chance is {p_bear} against {base_bear}.",),
        risks=("The bullish reading is {sma20_distance}.",),
        claims=(Claim(feature="p_bear", relation="above", other="base_bear"),),
    )
    return violations(Step.SYNTHESIS, draft.model_copy(update=changes), SYNTHESIS_FACTS)


def test_a_supported_draft_passes():
    assert faults() == ()
    assert synthesis() == ()


CORRUPTIONS = {
    "a digit": "It trades at 303 near {last_close}.",
    "a decimal": "It trades at 302.97, see {last_close}.",
    "a thousands separator": "It trades at 4,500 near {last_close}.",
    "a range": "Between 4,500-4,520 near {last_close}.",
    "a number word": "RSI near seventy, {rsi14}.",
    "a compound number word": "RSI near seventy-two, {rsi14}.",
    "an upper-case number word": "SEVENTY is {rsi14}.",
    "a multiple": "Range has doubled to {atr14}.",
    "arabic-indic digits": "RSI at ٧٢ near {rsi14}.",
    "fullwidth digits": "RSI at \uff17\uff12 near {rsi14}.",
    "a fullwidth number word": "RSI at \uff53\uff45\uff56\uff45\uff4e\uff54\uff59 near {rsi14}.",
    "a vulgar fraction": "A move of ½ and {atr14}.",
    "a superscript": "A move² of {atr14}.",
    "a roman numeral sign": "Wave Ⅳ ends at {atr14}.",
    "an unknown period": "Above its 37-day mean by {sma20_distance}.",
    "a percent sign of its own": "It moved {day_change}%.",
    "a unit swap": "A usual day spans {atr14} ATR.",
    "a currency": "A usual day spans ${atr14}.",
    "a scale": "A usual day spans {atr14} k.",
    "a minus before a value": "It moved -{day_change}.",
    "a unicode minus": "It moved \u2212{day_change}.",
    "an en dash": "Between {prior_low}\u2013{prior_high}.",
    "a glued digit": "RSI at {rsi14}0.",
    "two glued values": "RSI at {rsi14}{rsi14}.",
    "an unknown name": "RSI at {rsi15}.",
    "a missing value": "The VIX at {vix}.",
    "the forecast outside the synthesis": "A chance of {p_bear}.",
    "a stray brace": "RSI at {rsi14}}.",
    "no feature at all": "The market looks strong.",
    "a wrong state": "It is oversold at {rsi14}.",
    "a wrongly negated state": "It is not overbought at {rsi14}.",
    "a wrong side": "It stands below the 20-day mean ({sma20_distance}).",
    "a wrong far side": "It stands above the 200-day mean ({sma200_distance}).",
    "an unreadable side": "It stands above the 50-day mean ({sma20_distance}).",
    "a wrong regime": "The market is livelier than usual ({regime_ratio}).",
    "a long text": "RSI at {rsi14} " + "and so on " * 50,
}


@pytest.mark.parametrize("text", CORRUPTIONS.values(), ids=CORRUPTIONS)
def test_a_corrupted_finding_is_found(text):
    assert faults(findings=(text,))


@pytest.mark.parametrize("field", ["headline", "risks"])
def test_headline_and_risks_are_read_as_well(field):
    bad = "It trades at 303"
    assert faults(**{field: bad if field == "headline" else (bad,)})


def test_periods_and_correctly_negated_states_are_no_false_alarm():
    text = "RSI 14 at {rsi14} is not oversold; the 20-day and 200-day means and Mag 7 agree."
    assert faults(findings=(text,)) == ()


def test_a_close_inside_value_is_on_no_side_whatever_was_said_of_another_mean():
    near = (*PRESENT, feature("week_vwap", 301.5, "price", Step.FLUX))
    below = (*near, feature("poc_distance", -1.56, "atr", Step.FLUX))
    below = (*below, feature("poc", 311.55, "price", Step.FLUX))
    facts = facts_of(small_snapshot(below), None)
    inside = "over the week's mean price of {week_vwap}, and inside value, {poc_distance} from"
    draft = SectionDraft(
        headline=f"{{instrument}}: {inside} the point of control",
        findings=("It closed at {last_close}.",),
        claims=(Claim(feature="value_position", relation="high"),),
    )
    assert violations(Step.FLUX, draft, facts) == ()


def test_an_event_that_does_not_exist_is_found():
    assert faults(findings=("Watch {event2}.",))


def test_findings_need_a_claim_and_a_step_with_readings_needs_findings():
    assert faults(claims=())
    silent = SectionDraft(headline="Nothing to say", findings=())
    assert violations(Step.TECHNICAL, silent, facts_of(small_snapshot(PRESENT), None))


def test_a_step_without_any_reading_may_say_only_that():
    bare = small_snapshot(features=())
    draft = SectionDraft(headline="Nothing is known of {instrument}", findings=())
    assert violations(Step.FLUX, draft, facts_of(bare, None)) == ()


def test_words_of_the_other_side_belong_into_the_risks():
    assert synthesis(findings=("A bullish {p_bear}.",))
    assert synthesis(headline="{instrument} has upside")
    assert synthesis(findings=("A bearish {p_bear}.",)) == ()


@pytest.mark.parametrize(("lean", "passes"), [("Bearish", True), ("Neutral", True)])
def test_a_lean_one_step_away_passes(lean, passes):
    assert (synthesis(lean=Label(lean)) == ()) is passes


def test_a_lean_two_steps_away_is_found():
    assert synthesis(lean=Label.BULLISH)


def test_a_feature_step_has_no_lean():
    assert faults(lean=Label.NEUTRAL)


# the steps of which the small snapshot holds enough to speak
SPOKEN = (Step.SECURITY, Step.MACRO, Step.TECHNICAL, Step.SYNTHESIS)


@cache
def rule_drafts() -> dict[Step, SectionDraft]:
    return {step: write_draft(step, SNAPSHOT, FORECAST) for step in Step}


@given(st.sampled_from(SPOKEN), st.integers(0, 9999), st.data())
def test_any_number_put_anywhere_into_a_valid_draft_is_found(step, number, data):
    draft = rule_drafts()[step]
    place = data.draw(st.integers(0, len(draft.findings) - 1))
    words = draft.findings[place].split(" ")
    at = data.draw(st.integers(0, len(words)))
    words.insert(at, str(number))
    findings = (*draft.findings[:place], " ".join(words), *draft.findings[place + 1 :])
    corrupted = draft.model_copy(update={"findings": findings})
    facts = SYNTHESIS_FACTS if step is Step.SYNTHESIS else FACTS
    assert violations(step, corrupted, facts)


@given(st.sampled_from(SPOKEN), st.data())
def test_any_claim_moved_to_an_unknown_feature_or_relation_is_found(step, data):
    draft = rule_drafts()[step]
    place = data.draw(st.integers(0, len(draft.claims) - 1))
    changed = data.draw(
        st.sampled_from([{"feature": "invented"}, {"relation": "supports"}, {"other": "invented"}])
    )
    claims = list(draft.claims)
    claims[place] = claims[place].model_copy(update=changed)
    corrupted = draft.model_copy(update={"claims": tuple(claims)})
    facts = SYNTHESIS_FACTS if step is Step.SYNTHESIS else FACTS
    assert violations(step, corrupted, facts)


def test_a_headline_in_title_case_may_capitalise_ordinary_words_and_no_strangers_name():
    assert faults(headline="Stretched and Overbought as Momentum Builds: RSI 14 at {rsi14}") == ()
    for name in ("Warsh", "Jackson", "Evergrande", "OPEC"):
        assert faults(headline=f"Stretched Trend as {name} Lifts RSI 14 to {{rsi14}}")


def test_a_sentence_capitalises_no_ordinary_word():
    assert faults(headline="the trend is led by Target, RSI 14 at {rsi14}")


OTHER = (
    *(f for f in PRESENT if f.name != "rsi14"),
    feature("rsi14", 50.1, "index", Step.TECHNICAL),
    feature("top_leader", "TSLA", "text", Step.LEADERS),
)


@pytest.mark.parametrize(
    "sentence",
    [
        "It is overbought at {rsi14}.",
        "An FOMC statement lies ahead of a close at {last_close}.",
        "Shares of Tesla led it to a close at {last_close}.",
        "The word of Powell may move a close at {last_close}.",
    ],
)
def test_a_sentence_that_was_read_before_is_judged_by_the_values_of_its_own_day(sentence):
    draft = GOOD.model_copy(update={"findings": (sentence,), "claims": ()})
    other = small_snapshot(OTHER, title="FOMC statement of Powell")
    days = (SNAPSHOT, other, SNAPSHOT)
    first, then, again = (violations(Step.SECURITY, draft, facts_of(d, None)) for d in days)
    assert first == again != then
