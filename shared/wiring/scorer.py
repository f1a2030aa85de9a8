"""The scorer and the scorecard, which bias (to read) and score_bias (to write) stand on.

Apart from wiring/roots/bias.py, so that score_bias carries no analyst and no prompt.
"""

from shared.bias.record.score import ScoreBias
from shared.bias.scorecard.store import Scorecards
from shared.market.registry import load_instruments
from shared.market.store import MarketStore
from shared.wiring.foundation import Foundation


def bias_scorer(base: Foundation) -> ScoreBias:
    """Make the use case."""
    market = MarketStore(base.documents, base.clock, base.entropy)
    return ScoreBias(base.documents, market, load_instruments(), base.clock, base.entropy)


def scorecards(base: Foundation) -> Scorecards:
    """Make the use case."""
    return Scorecards(base.documents, load_instruments(), base.clock)
