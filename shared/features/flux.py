"""Step 3: where trading took place and how heavy it was; pressure is estimated, never observed."""

from datetime import date

import numpy as np

from shared.domain.bars import Timeframe
from shared.domain.bias import Level
from shared.features.definitions import Definition, Missing, Value, missing_all
from shared.features.indicators import Array, atr
from shared.features.inputs import Columns, FeatureInputs, columns
from shared.features.profile import Profile, build_profile

DEFINITIONS = (
    Definition("profile_basis", "text", 0, "What the profile counts, from which bars."),
    Definition("poc", "price", None, "Fullest price of 20 sessions (of 48 bins)."),
    Definition("val", "price", None, "Low end of the area that holds 70 % of the profile."),
    Definition("vah", "price", None, "High end of that area."),
    Definition("poc_distance", "atr", 2, "Close minus POC, in ATR."),
    Definition("value_position", "ratio", 2, "Close in the value area: 0 at VAL, 1 at VAH."),
    Definition("close_location", "ratio", 2, "Close in the day's range: -1 low, 1 high."),
    Definition("volume_z60", "ratio", 2, "Last volume against the 60 sessions before, in sd."),
)
SESSIONS = 20
_HOURLY_BARS = 24 * (SESSIONS + 2)


def compute(inputs: FeatureInputs) -> dict[str, Value]:
    """Build the 20-day profile and place the last close in it."""
    daily = columns(inputs.daily, inputs.as_of)
    if len(daily) < SESSIONS:
        return missing_all(DEFINITIONS, f"{SESSIONS} daily bars are needed, {len(daily)} at hand")
    profile, basis = profile_of(inputs)
    if profile is None:
        nothing = Missing("prices span no range")
        placed: dict[str, Value] = dict.fromkeys(
            ("profile_basis", "poc", "val", "vah", "poc_distance", "value_position"), nothing
        )
    else:
        placed = _place(profile, daily) | {"profile_basis": basis}
    return placed | {
        "close_location": _close_location(daily),
        "volume_z60": _volume_z(daily, inputs.daily.volume_kind),
    }


def levels(inputs: FeatureInputs, decimals: int) -> tuple[Level, ...]:
    """Return the profile's three prices as levels."""
    daily = columns(inputs.daily, inputs.as_of)
    profile = profile_of(inputs)[0] if len(daily) >= SESSIONS else None
    if profile is None:
        return ()
    named = (("poc", profile.poc), ("val", profile.low), ("vah", profile.high))
    return tuple(Level(name=n, price=round(p, decimals), kind=n) for n, p in named)


def profile_of(inputs: FeatureInputs) -> tuple[Profile | None, str]:
    """Build the profile of the last 20 sessions: hourly bars where they cover them, else daily."""
    daily = columns(inputs.daily, inputs.as_of, last=SESSIONS)
    sessions = {bar.session for bar in daily.bars}
    hourly = _within(columns(inputs.hourly, inputs.as_of, last=_HOURLY_BARS), sessions)
    bars, size = (daily, "daily") if hourly is None else (hourly, _size(inputs))
    kind = inputs.daily.volume_kind
    if kind == "none" or not np.nansum(bars.volume) > 0:
        weight: Array = np.ones(len(bars))
        basis = f"time at price, {size} bars (no usable volume)"
    else:
        weight = np.nan_to_num(bars.volume)
        basis = f"{'tick volume' if kind == 'ticks' else 'volume'}, {size} bars"
    return build_profile(bars.low, bars.high, weight), basis


def _size(inputs: FeatureInputs) -> str:
    four = inputs.hourly is not None and inputs.hourly.timeframe is Timeframe.FOUR_HOURS
    return "4-hour" if four else "hourly"


def _within(hourly: Columns, sessions: set[date]) -> Columns | None:
    keep = [i for i, bar in enumerate(hourly.bars) if bar.session in sessions]
    if {hourly.bars[i].session for i in keep} != sessions:
        return None
    parts = (hourly.open, hourly.high, hourly.low, hourly.close, hourly.volume)
    return Columns(tuple(hourly.bars[i] for i in keep), *(part[keep] for part in parts))


def _place(profile: Profile, daily: Columns) -> dict[str, Value]:
    close = float(daily.close[-1])
    average = float(atr(daily.high, daily.low, daily.close)[-1])
    return {
        "poc": profile.poc,
        "val": profile.low,
        "vah": profile.high,
        "poc_distance": (close - profile.poc) / average if average else Missing("no range"),
        "value_position": (close - profile.low) / (profile.high - profile.low),
    }


def _close_location(daily: Columns) -> Value:
    high, low, close = (float(x[-1]) for x in (daily.high, daily.low, daily.close))
    if high == low:
        return Missing("the session had no range")
    return ((close - low) - (high - close)) / (high - low)


def _volume_z(daily: Columns, kind: str) -> Value:
    before = daily.volume[-61:-1]
    if kind == "none" or len(before) < 60 or np.isnan(daily.volume[-61:]).any():
        return Missing("no usable volume in the last 61 sessions")
    sd = float(before.std(ddof=1))
    return (
        Missing("volume did not vary")
        if sd == 0
        else float((daily.volume[-1] - before.mean()) / sd)
    )
