"""Composition of the performance reports."""

from shared.journal.performance.reporting import Performances
from shared.journal.performance.rules import PropRulesStore
from shared.journal.queries import JournalQueries
from shared.market.store import MarketStore
from shared.wiring.foundation import Foundation
from shared.wiring.journal.prices import StoredPrices


def performances_over(base: Foundation) -> Performances:
    """Put the use case together."""
    documents, clock, entropy = base.documents, base.clock, base.entropy
    return Performances(
        documents,
        clock,
        JournalQueries(documents),
        PropRulesStore(documents, clock, entropy),
        StoredPrices(MarketStore(documents, clock, entropy), clock),
    )
