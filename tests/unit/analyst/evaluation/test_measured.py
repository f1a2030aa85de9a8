from shared.analyst.evaluation.measured import load_measured, merged, rows_of, steadiness
from shared.analyst.library import load_library

REPORT = {
    "on": "2026-11-26",
    "provider": "local",
    "model": "small",
    "results": [{"step": "flux", "prompt": "flux.v1", "n": 3}],
}


def test_a_new_measurement_takes_the_place_of_the_old_one_of_the_same_prompt_and_model():
    old = rows_of(REPORT | {"on": "2026-11-01"}, "data")
    other = rows_of(REPORT | {"model": "large"}, "data")
    rows = merged([*old, *other], rows_of(REPORT, "data"))
    assert [(row["model"], row["on"]) for row in rows] == [
        ("large", "2026-11-26"),
        ("small", "2026-11-26"),
    ]
    assert rows[0]["figures"] == {"n": 3}


def test_what_is_kept_belongs_to_released_prompts_and_says_where_it_was_measured():
    for one in load_measured():
        assert one.prompt in load_library().released or one.provider == "rules"
        assert one.data
        assert one.figures["n"] > 0


def test_the_scorecard_reads_only_measurements_whose_lean_was_asked_for_again():
    asked_again = [one for one in load_measured() if one.flip_rate is not None]
    assert len(steadiness()) == len(asked_again)
    for row in steadiness():
        assert row["runs"] > row["snapshots"] > 0
        assert 0 <= row["flip_rate"] <= 1
