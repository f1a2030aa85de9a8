"""The chain over real open prices: every round, retry, race and outage."""

import asyncio
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.bias.record.sealing import NOTHING_WRITTEN, ChainKeeper, RecordRound
from shared.domain.bias import Unavailable
from shared.domain.errors import AlreadyExists, ContractBroken, StoreUnavailable
from shared.forecast.chain import check_order, read_link
from shared.market.registry import load_instruments
from shared.market.store import MarketStore
from shared.ports import KeptLink
from tests.markets import OPEN_13, Market, open_market
from tests.twins.memory_chain import MemoryChain
from tests.twins.memory_documents import MemoryDocuments

FRIDAY = date(2020, 5, 29)
WITHOUT_DATA = {"YM", "CL", "NG", "SI", "HG", "ZN", "ZB"}


def keeper(market: Market, chain: MemoryChain) -> ChainKeeper:
    return ChainKeeper(chain, market.documents, load_instruments(), market.clock, market.entropy)


def round_of(market: Market, chain: MemoryChain) -> RecordRound:
    return RecordRound(market.service(), keeper(market, chain), load_instruments(), market.clock)


_recorded: list[MemoryDocuments] = []  # writing 13 answers takes most of a test's time


async def opened() -> tuple[Market, MemoryChain]:
    """A market whose forecasts are written and not yet sealed, and an empty chain."""
    market = await open_market()
    if not _recorded:
        await market.service().record()
        _recorded.append(market.documents)
    documents = deepcopy(_recorded[0])
    store = MarketStore(documents, market.clock, market.entropy)
    market = Market(market.clock, documents, market.entropy, store)
    return market, MemoryChain(market.clock)


def links(chain: MemoryChain) -> list:
    return check_order([chain.links[n] for n in sorted(chain.links)])


def told(chain: MemoryChain) -> list[str]:
    return sorted(record.instrument for link in links(chain) for record in link.records)


async def test_a_round_commits_what_it_wrote_and_first_what_has_the_nearest_cut_off():
    market = await open_market()
    chain = MemoryChain(market.clock)
    report = await round_of(market, chain).run()
    assert told(chain) == sorted(OPEN_13)
    assert report.links == sorted(chain.links)
    first = {record.instrument for record in links(chain)[0].records}
    assert first == {"EURUSD", "GBPUSD", "USDJPY", "XAUUSD"}  # they have no pause


async def test_a_link_says_what_the_record_said():
    market, chain = await opened()
    await round_of(market, chain).run()
    answer = (await market.service().bias("SPY")).bias
    spy = next(r for link in links(chain) for r in link.records if r.instrument == "SPY")
    assert (spy.session, spy.as_of, spy.label) == (FRIDAY, answer.as_of, answer.forecast.label)
    assert spy.probabilities == answer.forecast.probabilities
    assert (spy.snapshot_hash, spy.lean) == (answer.snapshot_hash, None)


async def test_what_has_no_forecast_is_told_once_and_why():
    market, chain = await opened()
    await round_of(market, chain).run()
    market.clock.advance(timedelta(minutes=10))
    await round_of(market, chain).run()
    absent = [one for link in links(chain) for one in link.absent]
    assert {one.instrument for one in absent} == WITHOUT_DATA | {"BTCUSD"}  # its Thursday began
    assert len(absent) == len(WITHOUT_DATA) + 1
    assert all("no" in one.reason for one in absent)


async def test_a_session_that_nobody_recorded_is_told_after_its_cut_off():
    market = await open_market(datetime(2020, 5, 29, 12, 15, tzinfo=UTC))
    chain = MemoryChain(market.clock)
    await round_of(market, chain).run()
    (link,) = links(chain)
    spy = next(one for one in link.absent if one.instrument == "SPY")
    assert (spy.session, spy.reason) == (FRIDAY, NOTHING_WRITTEN)


async def test_a_round_with_nothing_new_makes_no_link():
    market, chain = await opened()
    await round_of(market, chain).run()
    before = dict(chain.links)
    assert (await round_of(market, chain).run()).links == []
    assert chain.links == before


async def test_what_was_recorded_when_the_chain_was_down_is_sealed_by_the_next_round():
    market, chain = await opened()
    chain.down = True
    with pytest.raises(StoreUnavailable):
        await round_of(market, chain).run()
    chain.down = False
    await round_of(market, chain).run()
    assert told(chain) == sorted(OPEN_13)


async def test_a_round_that_dies_after_the_put_is_not_told_twice():
    market, chain = await opened()
    whole = chain.append

    async def dies(number: int, content: bytes) -> KeptLink:
        await whole(number, content)
        raise StoreUnavailable("the answer was lost")

    chain.append = dies
    with pytest.raises(StoreUnavailable):
        await round_of(market, chain).run()
    chain.append = whole
    await round_of(market, chain).run()
    assert told(chain) == sorted(OPEN_13)


async def test_two_schedulers_make_one_chain_without_a_fork():
    market, chain = await opened()
    keepers = [keeper(market, chain) for _ in range(3)]
    whole = chain.append

    async def slow(number: int, content: bytes) -> KeptLink:
        await asyncio.sleep(0)
        return await whole(number, content)

    chain.append = slow
    reasons = [
        [Unavailable(instrument="CL", session=FRIDAY, reason=f"told by {n}")] for n in range(3)
    ]
    await asyncio.gather(*(k.seal(why) for k, why in zip(keepers, reasons, strict=True)))
    assert told(chain) == sorted(OPEN_13)
    assert sum(one.instrument == "CL" for link in links(chain) for one in link.absent) == 1


async def test_a_writer_that_always_loses_says_so():
    market, chain = await opened()

    async def taken(number: int, content: bytes) -> KeptLink:
        raise AlreadyExists("there")

    chain.append = taken
    with pytest.raises(StoreUnavailable, match="other writers"):
        await keeper(market, chain).seal()


async def test_nothing_is_put_behind_a_link_that_was_changed():
    market, chain = await opened()
    await round_of(market, chain).run()
    newest = chain.links[max(chain.links)]
    changed = newest.content.replace(b'"2020-', b'"2021-', 1)
    chain.links[newest.number] = KeptLink(newest.number, changed, newest.created_at)
    with pytest.raises(ContractBroken, match="was changed"):
        await round_of(market, chain).run()


async def test_a_missing_link_is_told_and_not_jumped_over():
    market, chain = await opened()
    await round_of(market, chain).run()
    chain.links[2] = chain.links[1]
    del chain.links[1]
    with pytest.raises(StoreUnavailable, match="is missing"):
        await round_of(market, chain).run()


async def test_only_the_newest_links_are_read_again(monkeypatch):
    market, chain = await opened()
    for _ in range(3):
        await round_of(market, chain).run()
        market.clock.advance(timedelta(days=30))
    again, asked = keeper(market, chain), []
    whole = chain.read

    async def counted(first: int = 1) -> list[KeptLink]:
        asked.append(first)
        return list(await whole(first))

    chain.read = counted
    monkeypatch.setattr("shared.bias.record.links._AT_ONCE", 1)
    await again.seal()
    newest = max(chain.links)
    assert asked == [newest - 1] == [3]  # one link, which is old: what is older is older still
    assert (
        read_link(chain.links[newest].content).previous
        == read_link(chain.links[newest - 1].content).hash
    )
