from datetime import datetime, timedelta

from shared.adapters.memory_cache import MemoryCache
from shared.bias.serving.kept import KeptAnswers
from shared.domain.bias import Unavailable
from tests.markets import FRIDAY_MORNING
from tests.twins.manual_clock import START, ManualClock

ANSWER = Unavailable(instrument="CL", session=FRIDAY_MORNING.date(), reason="no bars")


class SetBack(ManualClock):
    """A clock whose wall time can be wrong."""

    wrong_by = timedelta()

    def now(self) -> datetime:
        return super().now() + self.wrong_by


async def test_a_clock_that_is_set_back_keeps_no_answer_fresh_for_longer():
    clock = SetBack(START)
    kept = KeptAnswers(MemoryCache(clock), clock, 300.0)
    await kept.put("bias-CL", ANSWER)
    assert (await kept.get("bias-CL")).fresh
    clock.wrong_by = timedelta(hours=-3)
    assert not (await kept.get("bias-CL")).fresh
