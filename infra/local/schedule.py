"""The local stand-in for Cloud Scheduler: the same posts, at the times that Terraform declares."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx

from infra.local.gateway import Gateway
from shared.wiring.brokers import SPECS

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """One scheduled post.

    Units: `every_s` seconds between the end of one post and the next.
    """

    path: str
    every_s: float


JOBS = (
    *(Job(f"/functions/sync_{name}", 15 * 60) for name in SPECS),
    Job("/functions/reconcile", 60 * 60),
    Job("/functions/refresh_market", 30 * 60),
    Job("/v1/bias/record", 15 * 60),
    Job("/v1/bias/update", 15 * 60),
    Job("/functions/score_bias", 60 * 60),
)


@contextlib.asynccontextmanager
async def keep_schedule(gateway: Gateway) -> AsyncIterator[None]:
    """Post every job now and then again and again while the block runs."""
    tasks = [asyncio.create_task(_repeat(gateway, job)) for job in JOBS]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _repeat(gateway: Gateway, job: Job) -> None:
    while True:
        try:
            answer = await gateway.post(job.path)
            _log.info("schedule.posted", extra={"path": job.path, "status": answer.status_code})
        except httpx.HTTPError:
            _log.exception("schedule.failed", extra={"path": job.path})
        await asyncio.sleep(job.every_s)
