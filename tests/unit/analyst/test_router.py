import asyncio

import pytest

from shared.analyst.analyst import Analyst
from shared.analyst.deadline import Deadline
from shared.analyst.router import Router
from shared.analyst.rules import RulesAnalyst
from shared.domain.bias import Section, Step
from shared.domain.errors import ContractBroken, DaybiasError, RateLimited
from tests.markets import small_forecast, small_snapshot
from tests.routers import same_for_all
from tests.twins.manual_clock import ManualClock


class Fails:
    """An analyst that cannot write some steps."""

    name = "model.x"

    def __init__(self, error: Exception, steps: set[Step]) -> None:
        self._error = error
        self._steps = steps

    async def section(self, step, snapshot, forecast, earlier, *, deadline) -> Section:
        if step in self._steps:
            raise self._error
        written = await RulesAnalyst().section(step, snapshot, forecast, earlier)
        return written.model_copy(update={"provider": "model"})


async def write(analyst: Analyst, step: Step) -> Section:
    deadline = Deadline.within(ManualClock(), 60)
    return await analyst.section(step, small_snapshot(), small_forecast(), (), deadline=deadline)


@pytest.mark.parametrize("error", [RateLimited("later"), ContractBroken("ungrounded")])
async def test_one_failed_step_costs_only_itself_its_author(error):
    router = same_for_all([Fails(error, {Step.FLUX}), RulesAnalyst()])
    sections = await asyncio.gather(*(write(router, step) for step in Step))
    by_step = {section.step: section for section in sections}
    fallen = by_step.pop(Step.FLUX)
    assert fallen.provider == "rules"
    assert fallen.degraded == f"model.x: {type(error).__name__}: {error}"
    assert {section.provider for section in by_step.values()} == {"model"}
    assert {section.degraded for section in by_step.values()} == {None}


async def test_an_analyst_that_is_not_there_is_named_in_every_section():
    router = same_for_all([RulesAnalyst()], absent=["no Gemini key is configured"])
    section = await write(router, Step.FLUX)
    assert section.degraded == "no Gemini key is configured"


async def test_when_the_last_one_fails_too_its_error_is_raised():
    failing = Fails(ContractBroken("both"), set(Step))
    with pytest.raises(DaybiasError, match="both"):
        await write(same_for_all([failing, failing]), Step.FLUX)


async def test_a_defect_costs_one_author_too_and_the_log_says_where_but_not_its_words(caplog):
    broken = Fails(ZeroDivisionError("key-4711"), {Step.FLUX})
    section = await write(same_for_all([broken, RulesAnalyst()]), Step.FLUX)
    (told,) = [r for r in caplog.records if r.message == "analyst.broke"]
    assert (section.provider, section.degraded) == ("rules", "model.x: ZeroDivisionError")
    assert (told.levelname, "in section" in told.where) == ("ERROR", True)
    assert "key-4711" not in str(vars(told))


async def test_a_defect_of_the_last_one_is_not_hidden():
    broken = Fails(ZeroDivisionError(), {Step.FLUX})
    with pytest.raises(ZeroDivisionError):
        await write(same_for_all([broken, broken]), Step.FLUX)


async def test_who_is_cancelled_falls_back_to_nobody():
    leaving = Fails(asyncio.CancelledError(), {Step.FLUX})
    with pytest.raises(asyncio.CancelledError):
        await write(same_for_all([leaving, RulesAnalyst()]), Step.FLUX)


async def test_each_step_can_have_its_own_order():
    model, rules = Fails(RateLimited("never asked"), {Step.FLUX}), RulesAnalyst()
    orders = {step: [model, rules] for step in Step} | {Step.FLUX: [rules]}
    section = await write(Router(orders), Step.FLUX)
    assert (section.provider, section.degraded) == ("rules", None)


def test_the_name_lists_everybody_who_may_have_written():
    failing = Fails(RateLimited("x"), set())
    assert same_for_all([failing, RulesAnalyst()]).name == "model.x+rules.v3"


class Slow(Fails):
    """An analyst that fails when its whole time is over."""

    async def section(self, step, snapshot, forecast, earlier, *, deadline) -> Section:
        self.had_s = deadline.left_s
        await deadline.clock.sleep(deadline.left_s)
        raise self._error


async def test_slow_providers_share_one_deadline_and_the_rules_still_answer():
    first, second = (Slow(RateLimited("later"), set(Step)) for _ in range(2))
    section = await write(same_for_all([first, second, RulesAnalyst()]), Step.FLUX)
    assert section.provider == "rules"
    assert (first.had_s, second.had_s) == (30, 30)
