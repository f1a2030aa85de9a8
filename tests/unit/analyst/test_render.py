import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.analyst.facts import facts_of
from shared.analyst.render import render
from shared.domain.errors import ContractBroken
from tests.markets import small_snapshot

FACTS = facts_of(small_snapshot(), None)


def test_names_become_values():
    assert render("RSI at {rsi14}, {sma20_distance} away", FACTS) == "RSI at 72.50, +1.84 ATR away"


@pytest.mark.parametrize(
    "text",
    ["{none_such}", "{vix}", "{}", "{rsi14", "rsi14}", "{{rsi14}}", "{rsi14.value}", "{RSI14}"],
)
def test_what_cannot_be_filled_in_fails(text):
    with pytest.raises(ContractBroken):
        render(text, FACTS)


def test_a_value_that_looks_like_a_placeholder_is_not_filled_in_again():
    facts = facts_of(small_snapshot(title="{atr14} beats"), None)
    assert render("{event1}", facts) == "USD {atr14} beats at 15:00 UTC"


@given(st.text(max_size=60))
def test_any_text_renders_or_fails_and_never_leaves_a_brace(text):
    try:
        rendered = render(text, FACTS)
    except ContractBroken:
        return
    assert "{" not in rendered
    assert "}" not in rendered
