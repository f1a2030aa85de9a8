"""Two pictures of a scorecard as plain SVG: the reliability diagram and the skill by group."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

_WIDTH, _HEIGHT, _EDGE = 520, 420, 56
_STYLE = "font-family='sans-serif' font-size='12' fill='#222'"


def reliability_svg(bins: Sequence[Mapping[str, float]], title: str) -> str:
    """Draw what came against what was said, one point a bin; the diagonal is perfect honesty."""
    values = [b[key] for b in bins for key in ("said", "came")]
    low, high = min(values) - 0.02, max(values) + 0.02

    def at(said: float, came: float) -> tuple[float, float]:
        x = _EDGE + (said - low) / (high - low) * (_WIDTH - 2 * _EDGE)
        return x, _HEIGHT - _EDGE - (came - low) / (high - low) * (_HEIGHT - 2 * _EDGE)

    (x0, y0), (x1, y1) = at(low, low), at(high, high)
    parts = [
        f"<line x1='{x0:.1f}' y1='{y0:.1f}' x2='{x1:.1f}' y2='{y1:.1f}' stroke='#999' />",
        _text(x0, y0 + 20, f"{low:.0%} said"),
        _text(x1 - 40, y0 + 20, f"{high:.0%} said"),
        _text(4, y0, f"{low:.0%} came"),
        _text(4, y1, f"{high:.0%} came"),
    ]
    for b in bins:
        x, y = at(b["said"], b["came"])
        parts.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='5' fill='#1f6feb' />")
        parts.append(_text(x + 8, y + 4, f"n {b['n']:.0f}"))
    return _page(title, _HEIGHT, parts)


class Interval(NamedTuple):
    """A figure with its sample size and the ends of its interval."""

    n: int
    low: float
    mean: float
    high: float


def skill_svg(groups: Mapping[str, Mapping[str, Any]], title: str) -> str:
    """Draw the skill of each group with its interval, in percent; the line is no skill."""
    ends = ("rps_skill_lo", "rps_skill", "rps_skill_hi")
    rows = {
        name: Interval(g["n"], *(100 * g[end] for end in ends))
        for name, g in groups.items()
        if g["n"]
    }
    return intervals_svg(rows, title, unit=" %")


def intervals_svg(rows: Mapping[str, Interval], title: str, *, unit: str = "") -> str:
    """Draw a figure of each group with its interval; the line is zero."""
    height = 2 * _EDGE + 26 * len(rows)
    ends = [float(end) for row in rows.values() for end in (row.low, row.high)]
    low, high = min(*ends, 0.0), max(*ends, 0.0)
    left, room = 150.0, float(_WIDTH - 150 - _EDGE)

    def at(value: float) -> float:
        return left + (value - low) / ((high - low) or 1) * room

    parts = [f"<line x1='{at(0):.1f}' y1='40' x2='{at(0):.1f}' y2='{height - 40}' stroke='#999' />"]
    for i, (name, row) in enumerate(rows.items()):
        y = _EDGE + 26 * i
        lo, mid, hi = (at(value) for value in (row.low, row.mean, row.high))
        parts.append(_text(8, y + 4, f"{name} (n {row.n:,})"))
        parts.append(
            f"<line x1='{lo:.1f}' y1='{y}' x2='{hi:.1f}' y2='{y}' stroke='#1f6feb' "
            f"stroke-width='3' /><circle cx='{mid:.1f}' cy='{y}' r='5' fill='#1f6feb' />"
        )
    sign = "+.2f" if unit else ".4g"
    parts.append(_text(left, height - 16, f"{low:{sign}}{unit}"))
    parts.append(_text(left + room - 30, height - 16, f"{high:{sign}}{unit}"))
    return _page(title, height, parts)


def _text(x: float, y: float, text: str) -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' {_STYLE}>{escape(text)}</text>"


def _page(title: str, height: int, parts: Sequence[str]) -> str:
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {height}' role='img'>"
    back = f"<rect width='{_WIDTH}' height='{height}' fill='#fff' />"
    return "\n".join(
        [head, f"<title>{escape(title)}</title>", back, _text(8, 20, title), *parts, "</svg>\n"]
    )
