"""Ways to say how wide a session was and how lively the last week."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ways:
    """Several sentences (without their full stop) and several clauses for the headline."""

    texts: tuple[str, ...]
    headlines: tuple[str, ...]


RANGES = {
    "high": Ways(
        (
            "The last session was wide: {range_atr} from end to end",
            "It covered {range_atr} in the last session, far more than usual",
            "The last day travelled {range_atr}, well beyond its habit",
            "A day out of the ordinary lies behind: {range_atr} between its ends",
        ),
        (
            "a wide session of {range_atr}",
            "a stretch of {range_atr}",
            "a day that ran {range_atr}",
            "{range_atr} from end to end",
        ),
    ),
    "low": Ways(
        (
            "The last session was narrow: it spanned only {range_atr}",
            "Little ground was covered: {range_atr} in the whole session",
            "Trading stayed within {range_atr}, much less than usual",
            "It hardly left its place: the session measured {range_atr}",
        ),
        (
            "a narrow session of {range_atr}",
            "no more than {range_atr} of range",
            "a tight {range_atr}",
            "a session of just {range_atr}",
        ),
    ),
    "normal": Ways(
        (
            "The last session was of ordinary size, {range_atr}",
            "At {range_atr} the last session was neither wide nor narrow",
            "The session spanned {range_atr}, about what it usually does",
            "Nothing odd in the last range: {range_atr}",
        ),
        (
            "an ordinary session of {range_atr}",
            "a usual {range_atr}",
            "a session of {range_atr}",
            "a plain range of {range_atr}",
        ),
    ),
}
ENDINGS = (
    ", closing {day_change}",
    ", with the close at {day_change}",
    "; it ended {day_change}",
)
REGIMES = {
    "high": Ways(
        (
            "The last week was livelier than usual: {regime_ratio} (log) against 60-day volatility",
            "Volatility has woken up: the last week reads {regime_ratio} against its 60-day norm",
            "Swings have grown: the last week against the 60-day norm reads {regime_ratio}",
        ),
        (
            "livelier than usual ({regime_ratio})",
            "volatility has woken up ({regime_ratio})",
            "swings are growing ({regime_ratio})",
        ),
    ),
    "low": Ways(
        (
            "The last week was calmer than usual: {regime_ratio} (log) against 60-day volatility",
            "Volatility is asleep: the last week reads {regime_ratio} against its 60-day norm",
            "Swings have shrunk: the last week against the 60-day norm reads {regime_ratio}",
        ),
        (
            "calmer than usual ({regime_ratio})",
            "volatility is asleep ({regime_ratio})",
            "swings are shrinking ({regime_ratio})",
        ),
    ),
    "normal": Ways(
        (
            "The last week moved in line with its 60-day norm ({regime_ratio}, log)",
            "Against 60-day volatility the last week reads {regime_ratio}: no change of pace",
            "The pace of the last week is that of the 60-day norm ({regime_ratio})",
        ),
        (
            "a week in line with its norm ({regime_ratio})",
            "no change of pace ({regime_ratio})",
            "the usual pace ({regime_ratio})",
        ),
    ),
}
