"""What a session turned out to be: bear, neutral or bull, by a rule fixed before it."""

from shared.domain.bias import Label

NEUTRAL_ATR = 0.25  # a move smaller than this part of the ATR known before it is Neutral


def classify(move: float, atr: float) -> Label:
    """Sort a move of one session by its size in ATR.

    Raises: ValueError when the ATR is not positive: nothing can be sorted by it.
    """
    if not atr > 0:
        raise ValueError(f"an ATR must be positive, found {atr!r}")
    if abs(move) < NEUTRAL_ATR * atr:
        return Label.NEUTRAL
    return Label.BULLISH if move > 0 else Label.BEARISH
