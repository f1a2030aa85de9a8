"""The engine under a broker that fails and workers that die: nothing lost, nothing doubled.

A failing seed prints the command that repeats it.
"""

import os
from collections import Counter
from collections.abc import Sequence

import pytest

from tests.simulation.brokers import ANSWERED_WRONGLY, ON_ROWS
from tests.simulation.engine_simulation import ERASED, Engine
from tests.simulation.verdict import left_of, wrong_with

SEEDS = int(os.environ.get("SEEDS", "200"))
ONLY = os.environ.get("SEED")


def blocks(share: float) -> list[Sequence[int]]:
    """Split a share of the seeds into tests, or take the one that is asked for."""
    count = round(SEEDS * share)
    return [[int(ONLY)]] if ONLY else [range(n, min(n + 10, count)) for n in range(0, count, 10)]


async def safety_faults(engine: Engine) -> list[str]:
    await engine.play()
    engine.brokers.recover()
    faults = [] if await engine.settle() else ["a message is never done"]
    for place, login in enumerate(engine.brokers.logins):
        faults += await (left_of if place == ERASED else wrong_with)(engine, login)
    return [*engine.documents.faults, *faults]


async def liveness_faults(engine: Engine) -> list[str]:
    """One broker down, one login of another revoked, one message poisoned: the rest goes on."""
    down = engine.random.choice(["alpaca", "schwab", "tradestation"])
    engine.poisoned = ""
    await engine.play()
    engine.brokers.recover()
    engine.brokers.break_down(down)
    up = [
        login
        for place, login in enumerate(engine.brokers.logins)
        if login.spec.name != down and place != ERASED
    ]
    revoked, *others = up
    last_login = revoked.credentials()
    revoked.revoke()
    revoked.credentials = lambda: last_login  # what the user tries again is refused
    faults = [] if await engine.settle() else ["a message is never done"]
    if all(one.message_id != engine.poisoned for one in engine.dead):
        faults.append("the poisoned message was not given up")
    if not await engine.is_refused(revoked):
        faults.append("the revoked login does not ask its user to sign in")
    for login in others:
        faults += await wrong_with(engine, login)
    return [*engine.documents.faults, *faults]


@pytest.mark.parametrize("seeds", blocks(0.5), ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
async def test_nothing_is_lost_or_doubled_between_brokers_and_journal(
    seeds: Sequence[int],
) -> None:
    for seed in seeds:
        faults = await safety_faults(Engine(seed))
        assert not faults, told(seed, faults)


@pytest.mark.parametrize("seeds", blocks(0.2), ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
async def test_what_never_heals_holds_up_nothing_else(seeds: Sequence[int]) -> None:
    for seed in seeds:
        faults = await liveness_faults(Engine(seed))
        assert not faults, told(seed, faults)


def told(seed: int, faults: Sequence[str]) -> str:
    repeat = f"SEED={seed} .venv/bin/pytest -q tests/simulation/test_engine_simulation.py"
    return f"repeat with: {repeat}\n" + "\n".join(faults)


async def test_the_seeds_do_crash_and_freeze_workers_and_meet_every_fault() -> None:
    engines = [Engine(seed) for seed in range(20)]  # each fault comes about every third seed
    for engine in engines:
        await engine.play()
    assert sum(engine.chaos.crashed for engine in engines) > 60
    assert sum(engine.chaos.frozen for engine in engines) > 12
    met = sum((engine.brokers.met for engine in engines), Counter[str]())
    assert not {*ANSWERED_WRONGLY, *ON_ROWS} - set(met)
