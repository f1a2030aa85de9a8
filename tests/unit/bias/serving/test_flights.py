import asyncio
import logging

import pytest

from shared.bias.serving.flights import AT_ONCE, Flights
from shared.domain.errors import LeaseHeld, StoreUnavailable
from shared.lease import Leases
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy
from tests.twins.stepped_clock import SteppedClock


class Airport:
    """One store, several instances; counts what is in the air."""

    def __init__(self) -> None:
        self.clock, self.documents = SteppedClock(), MemoryDocuments()
        self.in_the_air = self.most = self.computed = self.instances = 0
        self.landed: dict[str, str] = {}

    def instance(self, flight_s: float = 60.0) -> Flights[str]:
        self.instances += 1
        leases = Leases(self.documents, self.clock, SeededEntropy(self.instances))
        return Flights(leases, self.clock, flight_s)

    def launch(self, flights: Flights[str], name: str, takes_s: float = 5.0):
        async def find() -> str | None:
            return self.landed.get(name)

        async def compute() -> str:
            self.computed += 1
            self.in_the_air += 1
            self.most = max(self.most, self.in_the_air)
            try:
                await self.clock.sleep(takes_s)
            finally:
                self.in_the_air -= 1
            return self.landed.setdefault(name, f"answer of {name}")

        return flights.launch(name, find, compute)


async def test_a_process_computes_six_at_once_and_in_the_end_all():
    airport = Airport()
    flights = airport.instance()
    tasks = [airport.launch(flights, f"bias-{n}") for n in range(21)]
    await airport.clock.step(60)
    assert len(await asyncio.gather(*tasks)) == 21
    assert airport.most == AT_ONCE


async def test_instances_wait_for_each_other_and_find_what_was_computed():
    airport = Airport()
    tasks = [airport.launch(airport.instance(), "bias-SPY") for _ in range(3)]
    await airport.clock.step(20)
    assert await asyncio.gather(*tasks) == ["answer of bias-SPY"] * 3
    assert airport.computed == 1


async def test_who_waits_too_long_for_another_instance_is_told():
    airport = Airport()
    slow = airport.launch(airport.instance(3600), "bias-SPY", takes_s=1800)
    await airport.clock.settle()
    waiting = airport.launch(airport.instance(30), "bias-SPY")
    await airport.clock.step(40)
    with pytest.raises(LeaseHeld):
        await waiting
    slow.cancel()


async def test_a_flight_that_fails_makes_way_and_is_told_to_the_operator(caplog):
    caplog.set_level(logging.WARNING)
    airport = Airport()
    flights = airport.instance()

    async def nothing() -> str | None:
        return None

    async def fail() -> str:
        raise StoreUnavailable("away")

    flights.launch("bias-SPY", nothing, fail)
    await flights.land()
    again = airport.launch(flights, "bias-SPY")
    await airport.clock.step(10)
    assert await again == "answer of bias-SPY"
    assert [record.message for record in caplog.records] == ["bias.flight_failed"]


async def test_closing_gives_the_leases_back():
    airport = Airport()
    flights = airport.instance()
    airport.launch(flights, "bias-SPY", takes_s=1800)
    await airport.clock.settle()
    await flights.close()
    other = airport.launch(airport.instance(), "bias-SPY")
    await airport.clock.step(6)
    assert await other == "answer of bias-SPY"
