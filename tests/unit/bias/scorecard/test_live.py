from datetime import UTC, date, datetime

import pytest

from shared.bias.scorecard.cutoffs import load_cutoffs
from shared.bias.scorecard.live import scorecard, words
from shared.market.registry import load_instruments
from tests.scorecards import NAIVE, card_of, made


@pytest.fixture(scope="module")
def scores() -> list[dict]:
    return made(40)[1]


@pytest.fixture(scope="module")
def card(scores) -> dict:
    return card_of(scores)


def test_every_figure_stands_beside_its_sample_and_interval(card):
    overall = card["close_to_close"]["overall"]
    assert (overall["n"], overall["dates"]) == (80, 40)
    for name in ("rps", "rps_skill", "brier_skill", "log_loss_skill", "ece", "hit3"):
        assert overall[f"{name}_lo"] <= overall[name] + 1e-9 <= overall[f"{name}_hi"] + 0.1


def test_the_rivals_are_held_against_ours_on_both_targets(card):
    for target in ("close_to_close", "open_to_close"):
        rivals = card[target]["rivals"]
        assert list(rivals) == [*NAIVE, "analog_days"]
        assert rivals["always_bullish"]["dm"]["t"] > 2  # certainty costs
        assert rivals["climatology"]["rps_skill"] == 0


def test_a_rival_that_has_no_forecast_of_a_day_is_given_its_base_rates(scores):
    without = [{**s, "rivals": [r for r in s["rivals"] if r["name"] in NAIVE]} for s in scores[:60]]
    found = card_of([*without, *scores[60:]])["close_to_close"]["rivals"]["analog_days"]
    assert found["n"] == 80
    alone = card_of(scores[60:])["close_to_close"]["rivals"]["analog_days"]
    assert abs(found["rps_skill"]) < abs(alone["rps_skill"])


def test_a_score_without_the_chances_of_rivals_is_of_rivals_that_name_a_class(scores, card):
    old = [
        {**s, "rivals": [{"name": r["name"], "label": r["label"]} for r in s["rivals"][:4]]}
        for s in scores
    ]
    found = card_of(old)["close_to_close"]["rivals"]
    assert found == {name: card["close_to_close"]["rivals"][name] for name in NAIVE}


def test_the_figures_are_split_by_market_class_provider_and_prompt(card):
    target = card["close_to_close"]
    assert {n: f["n"] for n, f in target["by_instrument"].items()} == {"SPY": 40, "QQQ": 40}
    assert list(target["by_asset_class"]) == ["etf"]
    assert list(target["by_provider"]) == ["gemini"]
    assert list(target["by_prompt"]) == ["synthesis.v1"]
    assert list(target["by_vintage"]) == ["2024-01"]


def test_a_forecast_without_a_models_view_is_the_rules():
    target = card_of(made(3, with_lean=False)[1])["close_to_close"]
    assert (list(target["by_provider"]), list(target["by_prompt"])) == (["rules"], ["rules"])


def test_what_does_not_count_is_left_out_and_told(scores):
    late = {**scores[0], "counts": False, "why_not": "it came into the chain after the open"}
    old = {k: v for k, v in scores[1].items() if k not in {"counts", "why_not", "chances"}}
    found = card_of([late, old, *scores[2:]])
    assert found["n"] == 78
    assert found["left_out"] == {
        "it came into the chain after the open": 1,
        "it was scored before there was a chain": 1,
    }


def test_what_was_scored_later_is_not_in_it(scores):
    made_at = datetime(2026, 1, 6, 0, 30, tzinfo=UTC)
    assert scorecard(scores, load_instruments(), {}, made_at)["dates"] == 1


def test_a_few_dates_have_no_interval():
    overall = card_of(made(5)[1])["close_to_close"]["overall"]
    assert overall["hit3"] is not None
    assert (overall["hit3_lo"], overall["rps_skill_hi"], overall["ece_lo"]) == (None, None, None)


def test_nothing_scored_is_said_plainly():
    found = card_of([])
    assert (found["n"], found["words"]) == (0, "No forecast counts yet.")
    assert found["close_to_close"]["overall"] == {"n": 0}


def test_only_leans_after_the_cut_off_count(scores):
    (lean,) = card_of(scores, {("gemini", "model-1"): date(2026, 1, 31)})["leans"]
    after = sum(s["session"] > "2026-01-31" for s in scores)
    assert lean["counted"] == lean["lean"]["n"] == lean["rules"]["n"] == after
    assert lean["not_counted"]["the model may have read what happened"] == 80 - after
    assert lean["lean"]["hit3"] == pytest.approx(
        sum(s["lean"]["hit"] for s in scores if s["session"] > "2026-01-31") / after
    )


def test_of_a_model_without_a_known_cut_off_nothing_counts(card):
    (lean,) = card["leans"]
    assert (lean["counted"], lean["known_until"], lean["lean"]) == (0, None, {"n": 0})
    assert lean["not_counted"]["its knowledge cut-off is not known"] == 80


@pytest.mark.parametrize(
    ("dates", "said"),
    [(1, "nothing can be said yet"), (100, "Wait for a year"), (252, "±2.7 points; one market's")],
)
def test_the_words_say_what_the_sample_can_show(dates, said):
    assert said in words(21 * dates, dates)


def test_every_cut_off_is_dated_and_before_its_reading():
    table = load_cutoffs()
    assert table
    assert all(known < date(2026, 11, 26) for known in table.values())
