"""Tables and banners of the demo; every figure comes from an answer of the system."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from shared.domain.bias import Label, Probabilities
from shared.http.bias.app import BoardEntry, NoBias

_COLOUR = {Label.BEARISH: "red", Label.NEUTRAL: "yellow", Label.BULLISH: "green"}

BANNER = (
    "[bold]REPLAY of Friday 2020-05-29[/bold], the last day with openly licensed daily [i]and[/i] "
    "hourly prices.\nPrices and calendar are real (Apache-2.0 and public sources, see "
    "infra/local/data/SOURCES.md).\nThe three Alpaca accounts are [bold]simulated[/bold]: their "
    "decisions are invented, every fill is priced inside the real bar of its hour or day.\n"
    "Nothing here is advice, and one replayed day proves nothing about the forecasts."
)


def banner(console: Console) -> None:
    """Say what this is before showing any number."""
    console.print(Panel(BANNER, title="Daybias demo", border_style="cyan"))


def _percent(value: float) -> str:
    return f"{100 * value:.0f}"


def _three(values: Probabilities) -> str:
    return f"{_percent(values.bear)}/{_percent(values.neutral)}/{_percent(values.bull)}"


def board(console: Console, answers: Sequence[BoardEntry | NoBias], title: str) -> None:
    """Show the biases that there are, with lift, probabilities, base rates and drivers."""
    caption = "chances and normal: bear/neutral/bull in %; lift: points over the normal day"
    table = Table(title=title, caption=caption)
    for column in ("", "label", "lift", "chances", "normal", "because", "prices", "by"):
        table.add_column(column, justify="right" if column == "lift" else "left")
    for answer in answers:
        if isinstance(answer, BoardEntry):
            forecast = answer.forecast
            colour = _COLOUR[forecast.label]
            table.add_row(
                f"[bold]{answer.instrument}[/bold]",
                f"[{colour}]{forecast.label}[/{colour}]",
                f"{forecast.lift:+.1f}",
                _three(forecast.probabilities),
                _three(forecast.base_rates),
                "; ".join(_drivers(answer)) or "no feature stands out",
                answer.provenance.proxy_label or answer.provenance.series,
                answer.provider,
            )
    console.print(table)


def _drivers(answer: BoardEntry) -> list[str]:
    chosen = [driver.text for driver in answer.drivers_for[:2]]
    return chosen or [f"against: {driver.text}" for driver in answer.drivers_against[:1]]


def absences(console: Console, answers: Sequence[BoardEntry | NoBias]) -> None:
    """Show why there is no bias, for each instrument without one."""
    table = Table(title="No bias, and why")
    table.add_column("")
    table.add_column("reason")
    for answer in answers:
        if isinstance(answer, NoBias):
            table.add_row(f"[bold]{answer.instrument}[/bold]", answer.reason)
    console.print(table)


def texts(console: Console, answers: Sequence[BoardEntry | NoBias]) -> None:
    """Show the texts at hand for the first bias; nobody offers news under an open licence."""
    first = next((a for a in answers if isinstance(a, BoardEntry)), None)
    if first is None:
        return
    table = Table(title=f"Texts at hand for {first.instrument} (no news is openly licensed)")
    for column in ("kind", "of", "text", "source"):
        table.add_column(column)
    for link in first.documents:
        day = f"{link.published_at:%Y-%m-%d}"
        table.add_row(link.kind.value, day, escape(link.title), escape(link.source))
    console.print(table)


def events(console: Console, answers: Sequence[BoardEntry | NoBias]) -> None:
    """Show the day's releases once, from the open calendar."""
    seen = {
        (event.at, event.currency, event.title): event
        for answer in answers
        if isinstance(answer, BoardEntry)
        for event in answer.events_today
    }
    table = Table(title="Today's events (open calendar)")
    for column in ("UTC", "currency", "impact", "event"):
        table.add_column(column)
    for (at, currency, name), event in sorted(seen.items()):
        table.add_row(f"{at:%H:%M}", currency, event.impact, name)
    console.print(table if seen else "No events today in the open calendar.")


def rows(console: Console, title: str, lines: Sequence[Mapping[str, Any]]) -> None:
    """Show equal-shaped records as a table; the keys are the headings."""
    table = Table(title=title)
    for column in lines[0] if lines else ("nothing",):
        table.add_column(str(column).replace("_", " "))
    for line in lines:
        table.add_row(*(str(value) for value in line.values()))
    console.print(table)


def verdict(console: Console, passed: Sequence[str], failed: Sequence[str]) -> None:
    """List what was promised, kept promises first."""
    for promise in passed:
        console.print(f"[green]✓[/green] {promise}")
    for promise in failed:
        console.print(f"[red]✗ {promise}[/red]")


def scores(console: Console, lines: Sequence[Mapping[str, Any]]) -> None:
    """Show the day's forecasts of record beside their rivals, by ranked probability score."""
    rivals = [rival["name"] for rival in lines[0]["rivals"]] if lines else []
    table = Table(
        title="Friday's forecasts of record, scored",
        caption="RPS: 0 is perfect, about 0.22 is a shrug. One day proves nothing: a year of all "
        "21 still leaves the direction hit uncertain by almost three points.",
    )
    for column in ("", "label", "outcome", "ours", *rivals):
        table.add_column(column.replace("_", " "))
    for line in lines:
        others = [f"{rival['rps']:.3f}" for rival in line["rivals"]]
        table.add_row(
            f"[bold]{line['instrument']}[/bold]",
            f"{line['label']} {_percent(line['confidence'])} %",
            line["outcome"],
            f"[bold]{line['rps']:.3f}[/bold]",
            *others,
        )
    means = [_mean([line["rivals"][i]["rps"] for line in lines]) for i in range(len(rivals))]
    if lines:
        table.add_row("mean", "", "", _mean([line["rps"] for line in lines]), *means)
    console.print(table)


def _mean(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.3f}"
