"""An experiment's report for a person: Markdown, and a picture a figure."""

from collections.abc import Iterator, Mapping
from typing import Any

from shared.forecast.plots import Interval, intervals_svg

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
    """Draw each figure that any arm has, by file name."""
    drawn = {}
    for name, title in FIGURES.items():
        rows = {
            arm: Interval(found[name]["n"], *(found[name][k] for k in ("low", "mean", "high")))
            for arm, found in report["arms"].items()
            if found[name] is not None
        }
        if rows:
            drawn[f"{name}.svg"] = intervals_svg(rows, title)
    return drawn


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    arms = report["arms"]
    yield f"# Experiment {report['experiment']}\n"
    yield f"Sessions {report['from']} to {report['to']}. Expected: {report['hypothesis']}.\n"
    yield f"{report['caveat']} Attempts left out (not assigned to the arm): {report['left_out']}.\n"
    yield f"| figure | {' | '.join(arms)} |"
    yield "|" + " --- |" * (1 + len(arms))
    for name, title in FIGURES.items():
        yield f"| {title} | {' | '.join(_cell(found[name]) for found in arms.values())} |"
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
            yield f"| {title} | {_gap(differences[figure])} |"


def _gap(found: Mapping[str, float] | None) -> str:
    if found is None:
        return "-"
    told = "" if found["low"] > 0 or found["high"] < 0 else ", not told apart"
    return f"{found['mean']:+.4g} [{found['low']:+.4g}, {found['high']:+.4g}]{told}"


def _cell(figure: Mapping[str, Any] | None) -> str:
    if figure is None:
        return "-"
    mean, low, high = (f"{figure[name]:.4g}" for name in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}] (n {figure['n']:,}, {figure['sessions']} sessions)"
