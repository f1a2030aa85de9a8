import asyncio

import pytest

from infra.local.gateway import Gateway
from infra.local.schedule import JOBS, keep_schedule
from tests.twins.manual_clock import ManualClock


@pytest.fixture
async def gateway(tmp_path):
    async with Gateway(tmp_path / "state", clock=ManualClock()) as gateway:
        yield gateway


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.path)
async def test_every_scheduled_post_is_answered_by_a_deployable(gateway, job):
    assert (await gateway.post(job.path)).status_code == 200


class Ledger:
    """Notes what is posted, in place of the gateway."""

    def __init__(self) -> None:
        self.posted: list[str] = []
        self.all_posted = asyncio.Event()

    async def post(self, path: str) -> object:
        self.posted.append(path)
        if len(self.posted) == len(JOBS):
            self.all_posted.set()
        return type("Answer", (), {"status_code": 200})


async def test_every_job_is_posted_at_once_and_none_after_the_end():
    ledger = Ledger()
    async with keep_schedule(ledger):  # type: ignore[arg-type]  # it posts, which is all that is used
        await ledger.all_posted.wait()
    await asyncio.sleep(0)
    assert sorted(ledger.posted) == sorted(job.path for job in JOBS)
