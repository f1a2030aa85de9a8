"""Composition of the journal's lists and the performance reports."""

from shared.journal.performance.reporting import Performances
from shared.journal.performance.rules import PropRulesStore
from shared.journal.queries import JournalQueries
from shared.market.store import MarketStore
from shared.wiring.foundation import Foundation
from shared.wiring.journal.prices import StoredPrices


def queries_over(base: Foundation) -> JournalQueries:
    """Put the lists together, with the bars that are stored."""
    return JournalQueries(base.documents, _prices_over(base))


def performances_over(base: Foundation) -> Performances:
    """Put the reports together."""
    documents, clock, entropy = base.documents, base.clock, base.entropy
    return Performances(
        documents,
        clock,
        JournalQueries(documents),
        PropRulesStore(documents, clock, entropy),
        _prices_over(base),
    )


def _prices_over(base: Foundation) -> StoredPrices:
    return StoredPrices(MarketStore(base.documents, base.clock, base.entropy), base.clock)
