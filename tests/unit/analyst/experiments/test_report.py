from datetime import timedelta
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from shared.analyst.experiments.pages import markdown, plots
from shared.analyst.experiments.report import Evidence, Rated, report
from shared.domain.model_use import UseOutcome
from tests.unit.analyst.accounts.test_ledger import use
from tests.unit.analyst.experiments.test_declared import DAYS, EXPERIMENT

ARMS = {arm.name: arm for arm in EXPERIMENT.arms}


def assigned(session, **changes):
    arm = EXPERIMENT.arm_of("ES", session)
    usual = {"session": session, "snapshot_hash": str(session), "arm": EXPERIMENT.label(arm)}
    return use(**(usual | changes))


def days_of(name: str) -> list:
    return [d for d in DAYS if EXPERIMENT.arm_of("ES", d) == ARMS[name]]


def test_each_arm_has_its_own_figures_with_intervals():
    uses = [
        *(
            assigned(d, outcome=UseOutcome.REPAIRED, cost_usd=Decimal("0.02"))
            for d in days_of("v1")
        ),
        *(assigned(d, cost_usd=Decimal("0.01")) for d in days_of("v2")),
    ]
    found = report(EXPERIMENT, Evidence(uses))
    first, second = found["arms"]["v1"], found["arms"]["v2"]
    assert (first["grounded_first"]["mean"], second["grounded_first"]["mean"]) == (0.0, 1.0)
    assert first["cost_usd"]["mean"] == pytest.approx(0.02)
    assert second["cost_usd"]["high"] == pytest.approx(0.01)
    assert first["sections"] + second["sections"] == len(DAYS)
    assert second["seconds"]["mean"] == pytest.approx(0.9)
    assert (first["lean_gain"], first["rating"]) == (None, None)


def test_a_later_arm_is_compared_with_the_first_by_the_difference_and_its_interval():
    uses = [
        *(assigned(d, elapsed_ms=900 + n % 7) for n, d in enumerate(days_of("v1"))),
        *(assigned(d, elapsed_ms=1900 + n % 5) for n, d in enumerate(days_of("v2"))),
    ]
    found = report(EXPERIMENT, Evidence(uses))
    assert list(found["differences"]) == ["v2"]
    gap = found["differences"]["v2"]["seconds"]
    assert gap["low"] <= gap["mean"] <= gap["high"]
    assert gap["mean"] == pytest.approx(1.0, abs=0.01)
    assert found["differences"]["v2"]["rating"] is None
    text = markdown(found)
    assert "## v2 minus v1" in text
    assert "| grounded at the first draft (share) | +0 [+0, +0], not told apart |" in text


def test_a_handful_of_sessions_tells_no_two_arms_apart():
    uses = [assigned(d) for d in (*days_of("v1")[:3], *days_of("v2")[:3])]
    found = report(EXPERIMENT, Evidence(uses))
    assert found["differences"]["v2"]["seconds"] is None


def test_an_arm_of_a_handful_of_sessions_is_not_told_apart_from_one_of_many():
    many, few = days_of("v1")[:30], days_of("v2")[:3]
    uses = [assigned(d) for d in many] + [assigned(d, elapsed_ms=1900) for d in few]
    assert len(many) == 30
    assert report(EXPERIMENT, Evidence(uses))["differences"]["v2"]["seconds"] is None


def test_a_handful_of_sessions_has_figures_and_no_intervals():
    found = report(EXPERIMENT, Evidence([assigned(d) for d in days_of("v1")[:3]]))
    seconds = found["arms"]["v1"]["seconds"]
    assert (seconds["mean"], seconds["low"], seconds["high"]) == (pytest.approx(0.9), None, None)
    assert "| seconds a section | 0.9 (n 3, 3 sessions) | - |" in markdown(found)
    assert ElementTree.fromstring(plots(found)["seconds.svg"]).tag.endswith("svg")


def test_an_attempt_at_which_nobody_was_asked_says_nothing_of_its_arm():
    asked, resting = days_of("v1")[:2]
    withheld = assigned(resting, outcome=UseOutcome.WITHHELD, cost_usd=Decimal(0), elapsed_ms=0)
    found = report(EXPERIMENT, Evidence([assigned(asked), withheld]))
    arm = found["arms"]["v1"]
    assert (arm["sections"], arm["withheld"], found["left_out"]) == (2, 1, 0)
    assert (arm["fell_back"]["mean"], arm["fell_back"]["n"]) == (0.0, 1)
    assert "| nobody was asked (down, or money spent) | 1 | 0 |" in markdown(found)


def test_a_failure_that_cost_nothing_makes_no_arm_cheap():
    paid, limited = days_of("v1")[:2]
    uses = [
        assigned(paid, cost_usd=Decimal("0.02")),
        assigned(limited, outcome=UseOutcome.FAILED, cost_usd=Decimal(0)),
    ]
    found = report(EXPERIMENT, Evidence(uses))["arms"]["v1"]
    assert (found["cost_usd"]["mean"], found["cost_usd"]["n"]) == (0.02, 1)
    assert found["fell_back"]["mean"] == 0.5


def test_only_attempts_of_the_arm_that_was_assigned_count():
    wrong = days_of("v1")[0]
    other = EXPERIMENT.label(ARMS["v2"])
    late = EXPERIMENT.until + timedelta(days=1)
    uses = [assigned(days_of("v1")[1]), assigned(wrong, arm=other), assigned(wrong, arm=None)]
    uses.append(use(session=late, arm=other))
    found = report(EXPERIMENT, Evidence(uses))
    assert (found["arms"]["v1"]["sections"], found["arms"]["v2"]["sections"]) == (1, 0)
    assert found["left_out"] == 3


def test_skill_and_ratings_belong_to_the_arm_that_wrote():
    one, two = days_of("v1")[0], days_of("v2")[0]
    lean = {"rules_rps": 0.25, "mixed_rps": 0.24}
    scores = [
        {"instrument": "ES", "session": str(one), "lean": lean},
        {"instrument": "NQ", "session": str(one), "lean": lean},  # nobody of the experiment wrote
        {"instrument": "ES", "session": str(two), "lean": None},
    ]
    ratings = [Rated("ES", one, 2), Rated("ES", two, 5), Rated("ES", two, 4)]
    found = report(EXPERIMENT, Evidence([assigned(one), assigned(two)], scores, ratings))
    assert found["arms"]["v1"]["lean_gain"]["mean"] == pytest.approx(0.01)
    assert found["arms"]["v1"]["lean_gain"]["n"] == 1
    assert found["arms"]["v2"]["lean_gain"] is None
    assert (found["arms"]["v1"]["rating"]["mean"], found["arms"]["v2"]["rating"]["mean"]) == (
        2,
        4.5,
    )


def test_a_cost_that_is_not_known_is_counted_apart():
    day, other = days_of("v1")[:2]
    found = report(EXPERIMENT, Evidence([assigned(day, cost_usd=None), assigned(other)]))
    assert (found["arms"]["v1"]["cost_usd"]["n"], found["arms"]["v1"]["unpriced"]) == (1, 1)


def test_the_report_reads_as_markdown_with_a_picture_a_figure():
    found = report(EXPERIMENT, Evidence([assigned(d) for d in DAYS]))
    text, drawn = markdown(found), plots(found)
    assert text.startswith(f"# Experiment {EXPERIMENT.key}")
    assert "| figure | v1 | v2 |" in text
    assert "![seconds.svg](seconds.svg)" in text
    assert "rating.svg" not in drawn  # nobody has rated
    for svg in drawn.values():
        assert ElementTree.fromstring(svg).tag.endswith("svg")
