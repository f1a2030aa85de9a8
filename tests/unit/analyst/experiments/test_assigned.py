from datetime import timedelta

from shared.analyst.deadline import Deadline
from shared.analyst.experiments.assigned import AssignedAnalyst
from shared.analyst.rules import RulesAnalyst
from shared.domain.bias import Step
from tests.markets import small_forecast, small_snapshot
from tests.twins.manual_clock import ManualClock
from tests.unit.analyst.experiments.test_declared import DAYS, EXPERIMENT


class Named:
    """The rules under another name, as a model's arm signs."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def section(self, step, snapshot, forecast, earlier, *, deadline):
        written = await RulesAnalyst().section(step, snapshot, forecast, earlier)
        return written.model_copy(update={"arm": self.name})


ARMS = {arm.name: Named(EXPERIMENT.label(arm)) for arm in EXPERIMENT.arms}
AUTHOR = AssignedAnalyst(EXPERIMENT, ARMS, Named("usual"))


async def written_by(session) -> str | None:
    snapshot = small_snapshot().model_copy(update={"session": session})
    deadline = Deadline.within(ManualClock(), 60)
    section = await AUTHOR.section(Step.FLUX, snapshot, small_forecast(), (), deadline=deadline)
    return section.arm


async def test_the_assigned_arm_writes_and_the_answer_says_so():
    for day in DAYS[:6]:
        arm = EXPERIMENT.arm_of("SPY", day)
        assert await written_by(day) == EXPERIMENT.label(arm)


async def test_outside_of_the_experiment_the_usual_author_writes():
    assert await written_by(EXPERIMENT.until + timedelta(days=1)) == "usual"


def test_answers_are_kept_under_the_declaration_that_assigned_them():
    assert AUTHOR.name == f"usual~{EXPERIMENT.key}"
