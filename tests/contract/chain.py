"""What every keeper of the forecasts' chain does; each adapter's test module subclasses it."""

import asyncio
from abc import ABC, abstractmethod

import pytest

from shared.domain.errors import AlreadyExists
from shared.ports import ForecastChain
from tests.twins.manual_clock import ManualClock


class ChainContract(ABC):
    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    @abstractmethod
    def chain(self, clock: ManualClock) -> ForecastChain: ...

    async def test_an_empty_chain_ends_at_zero(self, chain: ForecastChain) -> None:
        assert (await chain.newest(), list(await chain.read())) == (0, [])

    async def test_what_was_appended_is_read_in_order(self, chain: ForecastChain) -> None:
        for number in (2, 1, 10, 3):
            await chain.append(number, b'{"n":%d}\n' % number)
        found = await chain.read()
        assert [link.number for link in found] == [1, 2, 3, 10]
        assert found[1].content == b'{"n":2}\n'
        assert await chain.newest() == 10

    async def test_a_link_bears_the_time_at_which_it_came(
        self, chain: ForecastChain, clock: ManualClock
    ) -> None:
        first = await chain.append(1, b"one")
        clock.advance(60)
        await chain.append(2, b"two")
        one, two = await chain.read()
        assert one == first
        assert (two.created_at - one.created_at).total_seconds() == pytest.approx(60, abs=0.01)

    async def test_the_chain_is_read_from_a_number_on(self, chain: ForecastChain) -> None:
        for number in (1, 2, 3):
            await chain.append(number, b"x%d" % number)
        assert [link.number for link in await chain.read(2)] == [2, 3]

    async def test_a_number_is_never_given_twice(self, chain: ForecastChain) -> None:
        await chain.append(1, b"one")
        with pytest.raises(AlreadyExists, match="link 1"):
            await chain.append(1, b"other")
        (kept,) = await chain.read()
        assert kept.content == b"one"

    async def test_the_same_link_again_is_the_one_that_is_there(
        self, chain: ForecastChain, clock: ManualClock
    ) -> None:
        first = await chain.append(1, b"one")
        clock.advance(60)
        assert await chain.append(1, b"one") == first

    async def test_one_of_many_writers_wins(self, chain: ForecastChain) -> None:
        tried = await asyncio.gather(
            *(chain.append(1, b"writer %d" % n) for n in range(8)), return_exceptions=True
        )
        lost = [answer for answer in tried if isinstance(answer, AlreadyExists)]
        (kept,) = await chain.read()
        assert len(lost) == 7
        assert kept in tried
