"""An experiment's report for a person: Markdown, and a picture a figure."""

from collections.abc import Iterator, Mapping
from typing import Any

from shared.forecast.plots import Interval, intervals_svg

COUNTS = {
    "sections": "attempts at a section",
    "withheld": "nobody was asked (down, or money spent)",
    "unpriced": "of unknown cost",
}
FIGURES = {
    "grounded_first": "grounded at the first draft (share)",
    "fell_back": "fell back to another author (share)",
    "seconds": "seconds a section",
    "tokens": "tokens a section",
    "cost_usd": "USD a section",
    "lean_gain": "gain of the lean over the rules (RPS)",
    "rating": "users' rating (1 to 5)",
}


def markdown(report: Mapping[str, Any]) -> str:
    """Write the report."""
    return "\n".join(_lines(report)) + "\n"


def plots(report: Mapping[str, Any]) -> dict[str, str]:
    """Draw each figure that any arm has, by file name; a mere point where there is no interval."""
    drawn = {}
    for name, title in FIGURES.items():
        rows = {
            arm: _drawn(found[name])
            for arm, found in report["arms"].items()
            if found[name] is not None
        }
        if rows:
            drawn[f"{name}.svg"] = intervals_svg(rows, title)
    return drawn


def _drawn(figure: Mapping[str, Any]) -> Interval:
    mean = figure["mean"]
    if figure["low"] is None:
        return Interval(figure["n"], mean, mean, mean)
    return Interval(figure["n"], figure["low"], mean, figure["high"])


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    arms = report["arms"]
    yield f"# Experiment {report['experiment']}\n"
    yield f"Sessions {report['from']} to {report['to']}. Expected: {report['hypothesis']}.\n"
    yield f"{report['caveat']} Attempts left out (not assigned to the arm): {report['left_out']}.\n"
    yield f"| figure | {' | '.join(arms)} |"
    yield "|" + " --- |" * (1 + len(arms))
    for name, title in COUNTS.items():
        yield f"| {title} | {' | '.join(f'{found[name]:,}' for found in arms.values())} |"
    for name, title in FIGURES.items():
        yield f"| {title} | {' | '.join(cell(found[name]) for found in arms.values())} |"
    yield from _against(report)
    yield ""
    yield from (f"![{name}]({name})" for name in plots(report))


def _against(report: Mapping[str, Any]) -> Iterator[str]:
    first = next(iter(report["arms"]))
    for name, differences in report["differences"].items():
        yield f"\n## {name} minus {first}\n"
        yield "| figure | difference |"
        yield "| --- | --- |"
        for figure, title in FIGURES.items():
            yield f"| {title} | {gap(differences[figure])} |"


def gap(found: Mapping[str, float] | None) -> str:
    """Write a difference with its interval, and whether it tells anything apart."""
    if found is None:
        return "-"
    told = "" if found["low"] > 0 or found["high"] < 0 else ", not told apart"
    return f"{found['mean']:+.4g} [{found['low']:+.4g}, {found['high']:+.4g}]{told}"


def cell(figure: Mapping[str, Any] | None) -> str:
    """Write a figure with its interval, where it has one, and what it is made of."""
    if figure is None:
        return "-"
    made_of = f"(n {figure['n']:,}, {figure['sessions']} sessions)"
    if figure["low"] is None:
        return f"{figure['mean']:.4g} {made_of}"
    return f"{figure['mean']:.4g} [{figure['low']:.4g}, {figure['high']:.4g}] {made_of}"
