import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from shared.domain.errors import AlreadyExists, LeaseHeld
from shared.lease import Leases
from shared.ports import Write
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy

TTL_S = 60.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def leases(clock: ManualClock) -> Leases:
    return Leases(MemoryDocuments(), clock, SeededEntropy())


async def test_a_free_lease_is_held_for_its_time(leases: Leases, clock: ManualClock) -> None:
    held = await leases.acquire("c-1", TTL_S)
    assert (held.fence, held.until) == (1, clock.now() + timedelta(seconds=TTL_S))


async def test_a_held_lease_is_refused(leases: Leases) -> None:
    await leases.acquire("c-1", TTL_S)
    with pytest.raises(LeaseHeld):
        await leases.acquire("c-1", TTL_S)


async def test_leases_of_other_names_are_free(leases: Leases) -> None:
    await leases.acquire("c-1", TTL_S)
    assert (await leases.acquire("c-2", TTL_S)).fence == 1


async def test_a_lease_that_ran_out_goes_to_the_next_with_a_higher_fence(
    leases: Leases, clock: ManualClock
) -> None:
    await leases.acquire("c-1", TTL_S)
    clock.advance(TTL_S)
    assert (await leases.acquire("c-1", TTL_S)).fence == 2


async def test_fences_grow_across_release(leases: Leases) -> None:
    await leases.release(await leases.acquire("c-1", TTL_S))
    assert (await leases.acquire("c-1", TTL_S)).fence == 2


async def test_a_lease_taken_over_is_not_current(leases: Leases, clock: ManualClock) -> None:
    late = await leases.acquire("c-1", TTL_S)
    clock.advance(TTL_S)
    await leases.acquire("c-1", TTL_S)
    with pytest.raises(LeaseHeld):
        await leases.assert_current(late)


async def test_a_lease_that_ran_out_is_not_current(leases: Leases, clock: ManualClock) -> None:
    held = await leases.acquire("c-1", TTL_S)
    clock.advance(TTL_S)
    with pytest.raises(LeaseHeld):
        await leases.assert_current(held)


async def test_a_late_release_leaves_the_new_holder_alone(
    leases: Leases, clock: ManualClock
) -> None:
    late = await leases.acquire("c-1", TTL_S)
    clock.advance(TTL_S)
    current = await leases.acquire("c-1", TTL_S)
    await leases.release(late)
    await leases.assert_current(current)


class LosesAnswers(MemoryDocuments):
    """Applies the first batch, then says that it was there already, as a retried request does."""

    async def commit(self, writes: Sequence[Write]) -> None:
        first = self.commits == 0
        await super().commit(writes)
        if first:
            raise AlreadyExists("the first request had arrived")


async def test_a_lease_whose_answer_was_lost_is_still_ours(clock: ManualClock) -> None:
    leases = Leases(LosesAnswers(), clock, SeededEntropy())
    await leases.assert_current(await leases.acquire("c-1", TTL_S))


async def test_of_eight_workers_one_gets_the_lease(leases: Leases) -> None:
    outcomes = await asyncio.gather(
        *(leases.acquire("c-1", TTL_S) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(outcome, LeaseHeld) for outcome in outcomes) == 7
