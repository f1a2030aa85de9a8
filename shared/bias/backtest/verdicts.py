"""The bars that a forecaster is held to, and which it meets."""

from collections.abc import Mapping
from typing import Any

_ONE_LABEL = 0.8


def bars(
    overall: Mapping[str, Any], by_instrument: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Hold the figures to every bar.

    Shape: by bar, what is asked, what was found and whether it is met; a miss stays in the table.
    """
    most = {s: max(g["labels"].values()) for s, g in by_instrument.items() if g["n"]}
    worst = max(most, key=lambda s: most[s])
    margin = overall["hit3"] - overall["hit3_always_bullish"]
    return {
        "skill above climatology": _bar(
            "rps_skill_lo > 0", overall["rps_skill_lo"], met=overall["rps_skill_lo"] > 0
        ),
        "skill worth the name": _bar(
            "rps_skill >= 0.0015 (good, not asked)",
            overall["rps_skill"],
            met=overall["rps_skill"] >= 0.0015,
        ),
        "no look-ahead": _bar(
            "rps_skill <= 0.01", overall["rps_skill"], met=not overall["suspect"]
        ),
        "calibration": _bar("ece <= 0.02", overall["ece"], met=overall["ece"] <= 0.02),
        "confidence, 99th percentile": _bar(
            "<= 0.50", overall["confidence_p99"], met=overall["confidence_p99"] <= 0.5
        ),
        "confidence, highest": _bar(
            "<= 0.60", overall["confidence_max"], met=overall["confidence_max"] <= 0.6
        ),
        "no instrument with one label": _bar(
            f"<= {_ONE_LABEL} of days ({worst} is the nearest)",
            most[worst],
            met=most[worst] <= _ONE_LABEL,
        ),
        "hits beside always bullish": _bar("margin >= -0.015", margin, met=margin >= -0.015),
    }


def _bar(asked: str, found: float, *, met: bool) -> dict[str, Any]:
    return {"asked": asked, "found": found, "met": met}
