import re
from collections import Counter
from datetime import date, timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.analyst.experiments.declared import load_experiments, read_experiments
from shared.domain.bias import Step
from shared.domain.errors import ConfigError

TEXT = """
[[experiments]]
id = "claims-first"
version = 1
hypothesis = "fewer false claims"
provider = "gemini"
since = 2026-11-02
until = 2027-03-31
arms = [{ name = "v1", prompts = { technical = 1 } }, { name = "v2", prompts = { technical = 2 } }]
"""
(EXPERIMENT,) = read_experiments(TEXT)
DAYS = [EXPERIMENT.since + timedelta(days=n) for n in range(100)]


def test_the_packaged_declarations_can_be_read():
    assert load_experiments() == ()


def test_a_declaration_says_what_is_compared():
    assert EXPERIMENT.arms[0].prompts == {Step.TECHNICAL: 1}
    assert EXPERIMENT.label(EXPERIMENT.arms[1]) == f"{EXPERIMENT.key}/v2"


def test_arms_are_assigned_about_evenly_and_differ_between_instruments_of_a_day():
    drawn = [EXPERIMENT.arm_of(s, day) for day in DAYS for s in ("ES", "NQ", "GC", "SPY")]
    counts = Counter(arm.name for arm in drawn if arm is not None)
    assert sum(counts.values()) == 400
    assert all(150 < n < 250 for n in counts.values())
    both = [EXPERIMENT.arm_of("ES", d) != EXPERIMENT.arm_of("NQ", d) for d in DAYS]
    assert 25 < sum(both) < 75


@given(st.dates(min_value=date(2026, 1, 1), max_value=date(2028, 1, 1)), st.text())
def test_a_session_has_one_arm_within_the_time_and_none_outside(day, instrument):
    arm = EXPERIMENT.arm_of(instrument, day)
    assert arm == EXPERIMENT.arm_of(instrument, day)
    assert (arm is not None) == (EXPERIMENT.since <= day <= EXPERIMENT.until)


def test_a_changed_declaration_is_another_experiment():
    (longer,) = read_experiments(TEXT.replace("2027-03-31", "2027-04-30"))
    assert longer.key != EXPERIMENT.key


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TEXT.replace('"v2", prompts', '"v1", prompts'), "two arms of one name"),
        (TEXT.replace("2027-03-31", "2025-03-31"), "ends before it begins"),
        (TEXT + TEXT.replace("claims-first", "terse"), "run at the same time"),
        (TEXT.replace("gemini", "oracle"), "provider"),
        ("[[experiments", "experiments"),
        (TEXT.replace("[[experiments]]", "[[experiment]]"), "nothing else"),
        ("experiments = 5", "nothing else"),
    ],
    ids=["names", "times", "overlap", "provider", "toml", "misspelt", "number"],
)
def test_a_declaration_that_compares_nothing_is_refused(text, words):
    with pytest.raises(ConfigError, match=words):
        read_experiments(text)


def test_all_faults_are_told_at_once_each_with_its_place():
    wrong = TEXT.replace("version = 1\n", "").replace("gemini", "oracle")
    with pytest.raises(ConfigError) as refused:
        read_experiments(TEXT + wrong)
    assert [fault.partition(": ")[0] for fault in refused.value.faults] == ["experiment 2"] * 2
    assert "version: Field required" in refused.value.faults[0]


def test_the_packaged_example_is_a_declaration_once_its_marks_are_taken_away():
    packaged = files("shared.analyst.experiments").joinpath("experiments.toml").read_text("utf-8")
    example = packaged[packaged.index("# [[experiments]]") :]
    (declared,) = read_experiments(re.sub("^# ", "", example, flags=re.MULTILINE))
    assert declared.id == "claims-first"


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        load_experiments(tmp_path / "none.toml")
