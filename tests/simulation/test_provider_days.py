"""A provider that fails 5 %, 50 % or 100 % of the time costs sections their author, no answer."""

from dataclasses import dataclass

import pytest

from shared.domain.bias import Bias, Step
from shared.ports import Key
from tests.simulation.provider_day import MOMENTS, ProviderDay, shares

ANSWERS = 21 * len(MOMENTS)


@dataclass(frozen=True)
class Case:
    """How often each provider fails, and which share of the sections is whose at least."""

    gemini: float
    openai: float
    least: dict[str, float]

    def __str__(self) -> str:
        return f"gemini fails {self.gemini:.0%}, openai {self.openai:.0%}"


CASES = (
    Case(0.0, 0.0, {"gemini": 1.0}),
    Case(0.05, 0.05, {"gemini": 0.9}),
    Case(0.5, 0.05, {"gemini": 0.4, "openai": 0.25}),
    Case(1.0, 0.05, {"openai": 0.9}),
    Case(1.0, 1.0, {"rules": 1.0}),
)


def all_are_whole(answers: list[Bias]) -> bool:
    return all([s.step for s in bias.sections] == list(Step) for bias in answers)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_every_request_is_answered(case: Case) -> None:
    day = ProviderDay(case.gemini, case.openai)
    answers = await day.run()
    found = shares(answers)
    told = ", ".join(f"{name} {share:.1%}" for name, share in found.items())
    print(f"\n{case}: {len(answers)} of {ANSWERS} answered; {told}; {day.longest_s:.0f} s at most")  # noqa: T201 - the share by provider is what the day shows
    assert len(answers) == ANSWERS
    assert all_are_whole(answers)
    assert day.longest_s <= 61  # the deadline, and ticks of the clock
    for name, least in case.least.items():
        assert found[name] >= least
    degraded = [s for bias in answers for s in bias.sections if s.provider != "gemini"]
    assert all(section.degraded and "gemini" in section.degraded for section in degraded)


async def test_no_second_of_the_day_holds_more_than_ten_calls_of_a_provider() -> None:
    day = ProviderDay(0.5, 0.5)
    await day.run()
    for model in day.models:
        starts = sorted(model.started)
        assert all(b - a > 0.999 for a, b in zip(starts, starts[10:], strict=False))


async def test_when_the_days_money_is_spent_the_next_provider_writes() -> None:
    day = ProviderDay(0.0, 0.0, usd="1.3")
    answers = await day.run()
    (spent,) = await day.documents.get_many([Key("model_spending", ("gemini-2026-11-24",))])
    found = shares(answers)
    assert len(answers) == ANSWERS
    assert float(spent.body["spent_usd"]) <= 1.3
    assert {"gemini", "openai", "rules"} <= found.keys()
    reasons = {s.degraded for bias in answers for s in bias.sections if s.provider == "rules"}
    assert any("gemini: the day's 1.3 USD are spent" in (reason or "") for reason in reasons)
