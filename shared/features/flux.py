"""Step 3: where trading took place and how heavy it was; pressure is estimated, never observed."""

from shared.domain.bias import Level
from shared.domain.market.bars import Timeframe
from shared.features import anchored, volume
from shared.features.definitions import Definition, Missing, Value, missing_all
from shared.features.estimates.pressure import close_location
from shared.features.estimates.profile import Profile, build_profile
from shared.features.hours import hours_of, weights
from shared.features.inputs import Columns, FeatureInputs

DEFINITIONS = (
    Definition("profile_basis", "text", 0, "What the profile counts, from which bars."),
    Definition("poc", "price", None, "Fullest price of 20 sessions (of 48 bins)."),
    Definition("val", "price", None, "Low end of the area that holds 70 % of the profile."),
    Definition("vah", "price", None, "High end of that area."),
    Definition("poc_distance", "atr", 2, "Close minus POC, in ATR."),
    Definition("value_position", "ratio", 2, "Close in the value area: 0 at VAL, 1 at VAH."),
    Definition("session_poc", "price", None, "Fullest price of the last session's hours."),
    Definition("session_val", "price", None, "Low end of that session's value area."),
    Definition("session_vah", "price", None, "High end of that session's value area."),
    *anchored.DEFINITIONS,
    Definition("close_location", "ratio", 2, "Close in the day's range: -1 low, 1 high."),
    *volume.DEFINITIONS,
)
SESSIONS = 20


def compute(inputs: FeatureInputs) -> dict[str, Value]:
    """Build the 20-day profile and place the last close in it."""
    daily = inputs.days
    if len(daily) < SESSIONS:
        return missing_all(DEFINITIONS, f"{SESSIONS} daily bars are needed, {len(daily)} at hand")
    profile, basis = profile_of(inputs)
    if profile is None:
        nothing = Missing("prices span no range")
        placed: dict[str, Value] = dict.fromkeys(
            ("profile_basis", "poc", "val", "vah", "poc_distance", "value_position"), nothing
        )
    else:
        placed = _place(profile, inputs) | {"profile_basis": basis}
    placed |= _session(inputs) | anchored.compute(inputs) | volume.compute(inputs)
    return placed | {"close_location": _close_location(daily)}


def levels(inputs: FeatureInputs, decimals: int) -> tuple[Level, ...]:
    """Return the prices of both profiles as levels."""
    found: list[tuple[str, str, float]] = []
    whole = profile_of(inputs)[0] if len(inputs.days) >= SESSIONS else None
    for prefix, profile in (("", whole), ("session_", _session_profile(inputs))):
        if profile is not None and whole is not None:
            prices = {"poc": profile.poc, "val": profile.low, "vah": profile.high}
            found += [(f"{prefix}{kind}", kind, price) for kind, price in prices.items()]
    return tuple(Level(name=n, price=round(p, decimals), kind=kind) for n, kind, p in found)


def profile_of(inputs: FeatureInputs) -> tuple[Profile | None, str]:
    """Build the profile of the last 20 sessions: hourly bars where they cover them, else daily."""
    daily = inputs.days.last(SESSIONS)
    hourly = hours_of(inputs, daily.sessions)
    bars = daily if hourly is None else hourly
    weight, counts = weights(bars, inputs.daily.volume_kind)
    size = "daily" if hourly is None else _size(inputs)
    basis = {
        "time": f"time at price, {size} bars (no usable volume)",
        "ticks": f"tick volume, {size} bars",
        "units": f"volume, {size} bars",
    }[counts]
    return build_profile(bars.low, bars.high, weight), basis


def _size(inputs: FeatureInputs) -> str:
    four = inputs.hourly is not None and inputs.hourly.timeframe is Timeframe.FOUR_HOURS
    return "4-hour" if four else "hourly"


def _session_profile(inputs: FeatureInputs) -> Profile | None:
    bars = hours_of(inputs, inputs.days.last(1).sessions)
    if bars is None:
        return None
    return build_profile(bars.low, bars.high, weights(bars, inputs.daily.volume_kind)[0])


def _session(inputs: FeatureInputs) -> dict[str, Value]:
    profile = _session_profile(inputs)
    if profile is None:
        reason = Missing("the last session has no bars within the day")
        return dict.fromkeys(("session_poc", "session_val", "session_vah"), reason)
    return {"session_poc": profile.poc, "session_val": profile.low, "session_vah": profile.high}


def _place(profile: Profile, inputs: FeatureInputs) -> dict[str, Value]:
    close, average = float(inputs.days.close[-1]), float(inputs.day_atr[-1])
    return {
        "poc": profile.poc,
        "val": profile.low,
        "vah": profile.high,
        "poc_distance": (close - profile.poc) / average if average else Missing("no range"),
        "value_position": (close - profile.low) / (profile.high - profile.low),
    }


def _close_location(daily: Columns) -> Value:
    last = daily.last(1)
    if last.high[0] == last.low[0]:
        return Missing("the session had no range")
    return float(close_location(last.high, last.low, last.close)[0])
