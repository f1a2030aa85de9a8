"""Who is told of a refresh: before it fetches anything, and when it is over."""

from shared.domain.errors import StoreUnavailable, UpstreamUnavailable
from shared.market.arrivals import TakenIn
from shared.market.providers import CalendarBody
from shared.market.refresh import RefreshMarket
from shared.market.store import MarketStore
from tests.markets import THURSDAY_EVENING
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy


class Listening:
    """Hears what happens in which order; fails where it is told to."""

    source, every = "calendar", THURSDAY_EVENING - THURSDAY_EVENING

    def __init__(self, *, unready=None, untaken=None):
        self.heard, self._unready, self._untaken = [], unready, untaken

    async def make_ready(self):
        self.heard.append("ready")
        if self._unready is not None:
            raise self._unready

    async def fetch(self, now, known=None):
        self.heard.append("fetched")
        return CalendarBody(self.source, now, ())

    async def take_in(self):
        self.heard.append("taken in")
        if self._untaken is not None:
            raise self._untaken
        return TakenIn(3, ("news: more after 12:00",))


async def refreshed(listening):
    clock = ManualClock(THURSDAY_EVENING)
    store = MarketStore(MemoryDocuments(), clock, SeededEntropy(1))
    return await RefreshMarket(store, clock, [], listening, arrivals=listening).refresh()


async def test_all_is_made_ready_before_anything_is_fetched():
    listening = Listening()
    report = await refreshed(listening)
    assert listening.heard == ["ready", "fetched", "taken in"]
    assert (report.indexed, report.waiting) == (3, ["news: more after 12:00"])


async def test_an_index_that_cannot_be_made_ready_is_told_once_and_costs_nothing_else():
    listening = Listening(unready=StoreUnavailable("the index is in use"))
    report = await refreshed(listening)
    assert listening.heard == ["ready", "fetched"]
    assert report.failures == ["retrieval: the index is in use"]


async def test_what_cannot_be_taken_in_is_told():
    report = await refreshed(Listening(untaken=UpstreamUnavailable("no vectors")))
    assert report.failures == ["retrieval: no vectors"]
    assert report.indexed == 0
