import pytest

from infra.features_doc import Need, needs, render
from shared.domain.bias import Step
from shared.features.table import DEFINITIONS


def of_step(step):
    return {d.name for d in DEFINITIONS[step]}


def test_every_named_number_has_a_row():
    page = render()
    names = {name for step in DEFINITIONS for name in of_step(step)}
    assert {name for name in names if f"| `{name}` |" not in page} == set()


@pytest.mark.parametrize("name", ["vix", "vix_change", "vix_correlation60"])
def test_a_number_of_the_vix_needs_it_and_says_what_an_answer_says_without(name):
    assert needs()[name] == (Need("VIX", "no VIX close was known"),)


def test_what_is_made_of_daily_bars_alone_needs_nothing_else():
    assert {needs()[name] for name in of_step(Step.TECHNICAL)} == {()}


def test_each_number_of_the_calendar_is_null_without_one():
    for name in of_step(Step.MACRO):
        assert "calendar" in {need.title for need in needs()[name] if need.reason}, name


def test_a_number_that_only_becomes_coarser_is_told_from_one_that_is_null():
    assert needs()["poc"] == (Need("hours", None), Need("volumes", None))
    assert Need("hours", "the last session has no bars within the day") in needs()["session_poc"]


def test_the_page_says_who_serves_the_vix_in_live_mode():
    assert "| VIX | `cboe` | `daily/VIX.csv` |" in render()
