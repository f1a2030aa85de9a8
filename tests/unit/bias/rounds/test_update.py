"""The snapshots after the close, taken by rounds alone: nobody reads."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from shared.analyst.rules import RulesAnalyst
from shared.bias.rounds.update import UpdateRound
from shared.domain.bias import Moment
from shared.domain.errors import StoreUnavailable
from shared.ports import Query
from tests.markets import FRIDAY_MORNING, open_market

FRIDAY_EVENING = datetime(2020, 5, 29, 19, tzinfo=UTC)


class Counted(RulesAnalyst):
    """The rules, counted; one instrument's texts cannot be written."""

    def __init__(self, broken: str = "") -> None:
        super().__init__()
        self.calls, self.broken = Counter[str](), broken

    async def section(self, step, snapshot, *given, deadline):
        self.calls[snapshot.instrument] += 1
        if snapshot.instrument == self.broken:
            raise StoreUnavailable("away")
        return await super().section(step, snapshot, *given, deadline=deadline)


async def test_a_day_of_rounds_takes_the_snapshot_of_every_named_moment_once():
    market, author = await open_market(), Counted()
    services = [market.service(author) for _ in range(2)]  # two instances, one store
    while market.clock.now() < FRIDAY_EVENING:
        for service in services:
            await service.record(["SPY"])
            await UpdateRound(service, ["SPY"]).run()
        market.clock.advance(timedelta(minutes=15))
    where = {"instrument": "SPY", "session": "2020-05-29"}
    query = Query("biases", (), where, order_by="as_of_us", descending=True)
    stored = (await market.documents.scan(query)).documents
    assert [d.body["moment"] for d in stored] == [Moment.EVENT, Moment.PRE_OPEN, Moment.CLOSE]
    assert author.calls["SPY"] == 3 * 6


async def test_at_the_close_nothing_is_due_and_nothing_is_written():
    market, author = await open_market(), Counted()
    report = await UpdateRound(market.service(author), ["SPY", "CL"]).run()
    assert (report.not_due, report.written, author.calls) == (["SPY", "CL"], [], Counter())


async def test_a_round_says_what_it_wrote_what_was_there_and_what_cannot_be():
    market = await open_market(FRIDAY_MORNING)
    service = market.service()
    first = await UpdateRound(service, ["SPY", "CL"]).run()
    second = await UpdateRound(service, ["SPY", "CL"]).run()
    assert (first.written, first.already) == (["SPY"], [])
    assert (second.written, second.already) == ([], ["SPY"])
    assert [one.instrument for one in first.unavailable] == ["CL"]


async def test_one_that_fails_takes_the_answer_from_no_other_and_is_told():
    market = await open_market(FRIDAY_MORNING)
    service = market.service(Counted(broken="ES"))
    with pytest.raises(StoreUnavailable):
        await UpdateRound(service, ["ES", "SPY"]).run()
    answer = await service.bias("SPY", moment=Moment.PRE_OPEN)
    assert answer.cache == "cached"
