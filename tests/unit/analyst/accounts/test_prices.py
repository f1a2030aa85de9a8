from datetime import date
from decimal import Decimal

from shared.analyst.accounts.prices import at_most_usd, cost_usd, load_prices
from shared.ports import ModelAnswer, Usage

DAY = date(2026, 11, 24)


def answer(model: str, **tokens: int) -> ModelAnswer:
    return ModelAnswer("{}", model, Usage(**tokens))


def test_thinking_is_billed_as_output():
    asked = answer("gemini-3.5-flash", prompt=1000, output=200, thinking=100)
    # 1000 x 1.50 + 300 x 9.00 for a million
    assert cost_usd("gemini", [asked], DAY) == Decimal("0.0042")


def test_a_repair_costs_as_well():
    asked = answer("gemini-3.5-flash", prompt=1000)
    assert cost_usd("gemini", [asked, asked], DAY) == Decimal("0.003")


def test_a_numbered_release_has_the_price_of_its_model():
    asked = answer("models/gemini-3.5-flash-001", prompt=1000)
    assert cost_usd("gemini", [asked], DAY) == Decimal("0.0015")


def test_a_lite_model_has_not_the_price_of_the_full_one():
    asked = answer("gemini-3.5-flash-lite", prompt=1000)
    assert cost_usd("gemini", [asked], DAY) == Decimal("0.0003")


def test_the_price_of_the_day_is_taken():
    asked = answer("gemini-3.8-flash", prompt=1_000_000)
    assert cost_usd("gemini", [asked], date(2026, 12, 31)) == Decimal("0.75")
    assert cost_usd("gemini", [asked], date(2027, 1, 1)) == Decimal("1.50")


def test_what_has_no_price_costs_unknown_and_never_nothing():
    known = answer("gemini-3.5-flash", prompt=1000)
    assert cost_usd("gemini", [known, answer("gemini-x", prompt=1)], DAY) is None
    assert cost_usd("openai", [known], DAY) is None
    assert cost_usd("gemini", [known], date(2025, 1, 1)) is None
    assert cost_usd("gemini", [answer("gemini-3.8-flash", prompt=9, cached=1)], DAY) is None


def test_a_long_prompt_has_the_price_of_its_tier():
    short = answer("gemini-3.1-pro-preview", prompt=200_000)
    long = answer("gemini-3.1-pro-preview", prompt=200_001, output=1_000_000)
    assert cost_usd("gemini", [short], DAY) == Decimal("0.4")
    assert cost_usd("gemini", [long], DAY) == Decimal("18.800004")


def test_cached_tokens_have_their_own_price():
    asked = answer("gpt-5.4-mini-2026-03-17", prompt=1_000_000, cached=900_000)
    assert cost_usd("openai", [asked], DAY) == Decimal("0.1425")  # 0.1 x 0.75 + 0.9 x 0.075


def test_an_answer_whose_tokens_nobody_counted_costs_unknown_and_never_nothing():
    asked = answer("gemini-3.5-flash")
    assert cost_usd("gemini", [asked], DAY) is None
    assert at_most_usd("gemini", [asked], DAY) is None


def test_a_budget_counts_cached_tokens_of_no_known_price_as_fresh_ones():
    asked = answer("gemini-3.8-flash", prompt=1_000_000, cached=900_000, output=1_000_000)
    assert at_most_usd("gemini", [asked], DAY) == Decimal("4.50")  # 0.75 + 3.75
    known = answer("gpt-5.4-mini", prompt=1_000_000, cached=900_000)
    assert at_most_usd("openai", [known], DAY) == cost_usd("openai", [known], DAY)
    assert at_most_usd("gemini", [answer("gemini-x", prompt=1)], DAY) is None


def test_no_cached_token_is_dearer_than_a_fresh_one():
    assert all(row.cached is None or row.cached <= row.input for row in load_prices())


def test_embeddings_cost_what_goes_in():
    asked = answer("gemini-embedding-001", prompt=2_000_000)
    assert cost_usd("gemini", [asked], date(2026, 11, 26)) == Decimal("0.30")


def test_a_model_on_this_machine_bills_nobody():
    assert cost_usd("local", [answer("anything", prompt=1000)], DAY) == 0


def test_every_row_names_its_source_and_no_model_has_two_prices_on_one_day():
    rows = load_prices()
    assert all(row.source.startswith("https://") for row in rows)
    for row in rows:
        same = [r for r in rows if r.model == row.model and r is not row]
        tier = [r for r in same if r.least_prompt_tokens == row.least_prompt_tokens]
        assert not any(r.valid_from <= row.valid_from <= r.valid_until for r in tier)
