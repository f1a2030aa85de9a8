from dataclasses import replace
from datetime import timedelta

import pytest

from infra.brokers_doc import render, span
from shared.brokers.schwab.spec import SPEC as SCHWAB
from shared.brokers.spec import RateLimit
from shared.brokers.topstepx.spec import SPEC as TOPSTEPX
from shared.wiring.brokers import SPECS


def test_every_broker_has_a_row_in_both_tables():
    page = render(SPECS.values())
    assert {spec.title: page.count(f"| {spec.title} |") for spec in SPECS.values()} == {
        spec.title: 2 for spec in SPECS.values()
    }


def test_no_cell_is_empty():
    assert "|  |" not in render(SPECS.values())


def test_a_text_of_a_spec_does_not_break_the_table():
    cells = {line.count("|") for line in render(SPECS.values()).splitlines() if "|" in line}
    assert cells == {7, 8}


def test_a_login_that_ends_says_when():
    assert "`refresh_token`), to be renewed every 7 days; or in the browser |" in render([SCHWAB])


def test_every_limit_that_is_kept_is_named():
    bursts = RateLimit(6000, timedelta(seconds=10), door="futures")
    page = render([replace(TOPSTEPX, more_limits=(bursts,))])
    assert "| 190 in a minute and 6,000 in 10 seconds at `futures` |" in page


def test_a_push_that_is_watched_is_marked():
    last_cells = {s.name: render([s]).splitlines()[-1].split("|")[-2] for s in SPECS.values()}
    watched = {name for name, cell in last_cells.items() if cell.endswith("; watched ")}
    assert watched == {spec.name for spec in SPECS.values() if spec.stream}


def test_what_may_be_left_out_of_a_login_is_named_as_such():
    scheme = replace(TOPSTEPX.auth["api_key"], optional=("firm",))
    page = render([replace(TOPSTEPX, auth={"api_key": scheme})])
    assert "(`user_name`, `api_key`, `firm` if you have it)" in page


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(days=90), "90 days"),
        (timedelta(hours=24), "a day"),
        (timedelta(hours=1), "an hour"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(milliseconds=500), "0.5 seconds"),
    ],
)
def test_a_length_is_said_in_its_largest_whole_unit(length: timedelta, said: str):
    assert span(length) == said
