"""`daybias backtest`: the forecaster over past years, walked forward, held to bars and rivals."""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from shared.bias.backtest.report import report
from shared.bias.past.history import open_archive
from shared.cli.terminal import err, failing_aloud, out, table
from shared.forecast.plots import reliability_svg, skill_svg
from shared.market.registry import load_instruments

_SIBLING = Path("../shared/market")


def backtest(
    since: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="first session")],
    until: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="last session")],
    data: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="daily/SYMBOL.csv, calendar/*.csv")
    ] = _SIBLING,
    folder: Annotated[
        Path | None, typer.Option("--out", help="write the scorecard and its plots here")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for a machine")] = False,
) -> None:
    """Forecast every session of a period from what was known before it, and score all of them."""
    with failing_aloud():
        known = load_instruments()
        archive = asyncio.run(open_archive(data, known.values(), until.date()))
        found = report(archive, known, since.date(), until.date())
    if folder is not None:
        _write(found, folder)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        _show(found)


def _write(found: Mapping[str, Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    period = f"{found['from']} to {found['to']}"
    texts = {
        "scorecard.json": json.dumps(found, indent=2) + "\n",
        "reliability.svg": reliability_svg(
            found["overall"]["reliability"], f"Said and came, {period}"
        ),
        "skill.svg": skill_svg(found["by_class"], f"Skill over climatology, {period}"),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    err.print(f"{folder}: {', '.join(texts)}")


def _show(found: Mapping[str, Any]) -> None:
    scores = table(
        f"{found['from']} to {found['to']}, walked forward; fractions, [95 % block bootstrap]",
        *("who", "n", "RPS skill", "gain on it, t", "hit of 3", "always bullish"),
        *("direction hit", "of n", "ECE"),
    )
    groups = {"daybias": found["overall"], **found["rivals"]}
    for name, figures in (groups | found["by_class"] | found["by_instrument"]).items():
        scores.add_row(name, *_row(figures))
    out.print(scores)
    verdicts = table("Bars", "bar", "asked", "found", "met")
    for name, bar in found["bars"].items():
        verdicts.add_row(name, bar["asked"], f"{bar['found']:+.4f}", "yes" if bar["met"] else "NO")
    out.print(verdicts)
    for name, leak in found["leaks"].items():
        state = "no skill is left" if leak["lost"] else "SKILL IS LEFT: look for a leak"
        out.print(f"labels {name}: {_ranged(leak, 'rps_skill')}, {state}")
    for group, moves in found["sensitivity"].items():
        out.print(f"{group}: {_moves(moves)} (n {moves['n']:,})")
    for symbol, reasons in found["left_out"].items():
        out.print(f"{symbol}: {', '.join(f'{n} x {why}' for why, n in reasons.items())}")


def _row(figures: Mapping[str, Any]) -> tuple[str, ...]:
    sided = figures["direction_n"]
    direction = "-"
    if sided:
        low, high = figures["direction_lo"], figures["direction_hi"]
        direction = f"{figures['direction_hit']:.3f} [{low:.3f}, {high:.3f}]"
    return (
        f"{figures['n']:,}",
        _ranged(figures, "rps_skill"),
        "-" if (t := figures.get("dm", {}).get("t")) is None else f"{t:+.1f}",
        f"{figures['hit3']:.3f} [{figures['hit3_lo']:.3f}, {figures['hit3_hi']:.3f}]",
        f"{figures['hit3_always_bullish']:.3f}",
        direction,
        f"{sided:,}",
        f"{figures['ece']:.3f}",
    )


def _ranged(figures: Mapping[str, Any], name: str) -> str:
    low, high = figures[f"{name}_lo"], figures[f"{name}_hi"]
    return f"{figures[name]:+.4f} [{low:+.4f}, {high:+.4f}]"


def _moves(moves: Mapping[str, Any]) -> str:
    if not moves["used"]:
        return "unused: it moves nothing"
    return ", ".join(
        f"{name} moves the chances by {moves[name]['points']:.2f} points on average "
        f"and {moves[name]['labels']:.0%} of the labels"
        for name in ("inverted", "shuffled")
    )
