"""`daybias scorecard`: what the live forecasts have been worth, and its verification by anybody."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from shared.analyst.evaluation.measured import steadiness
from shared.bias.scorecard.store import Download, Span
from shared.bias.scorecard.verify import Downloaded, Verified, read_download, verify
from shared.cli.terminal import at_desk, day_of, err, out, table
from shared.domain.errors import ContractBroken, DaybiasError, InvalidInput
from shared.market.registry import load_instruments
from shared.wiring.chain import chain_in
from shared.wiring.roots.desk import Desk

_DAY = ["%Y-%m-%d"]
_FILE = Path("daybias-scorecard.jsonl")
_DOWNLOAD = "/v1/scorecard/download"
_TIMEOUT_S = 120.0

scorecard = typer.Typer(invoke_without_command=True, help="What the forecasts have been worth.")


@scorecard.callback()
def show(
    context: typer.Context,
    since: Annotated[datetime | None, typer.Option(formats=_DAY, help="first session")] = None,
    until: Annotated[datetime | None, typer.Option(formats=_DAY, help="last session")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for a machine")] = False,
) -> None:
    """Show the figures of every forecast that was committed before its open and scored."""
    if context.invoked_subcommand is not None:
        return
    span = Span(day_of(since), day_of(until))
    card = at_desk(lambda desk: desk.scorecards.work_out(span))
    if as_json:
        typer.echo(json.dumps(card, indent=2))
    else:
        _show(card)


@scorecard.command()
def download(
    to: Annotated[Path, typer.Option("--to", help="the file to write")] = _FILE,
) -> None:
    """Write the chain, the scores and the figures of this machine into one file."""

    async def work(desk: Desk) -> int:
        lines = Download(desk.chain, desk.scorecards, desk.foundation.clock).lines()
        content = [line async for line in lines]
        to.write_bytes(b"".join(content))
        return len(content)

    out.print(f"{to}: {at_desk(work):,} lines; `daybias scorecard verify {to}` checks them")


@scorecard.command("verify")
def verify_(
    source: Annotated[str, typer.Argument(help="a download, a chain's folder, or an address")],
    known: Annotated[
        str | None, typer.Option(help="the hash of a link that you kept from an earlier download")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for a machine")] = False,
) -> None:
    """Recompute every hash, order, time and figure; status 1 and the reason where one is broken."""
    try:
        report = verify(_read(source), load_instruments(), known)
    except ContractBroken as error:
        if as_json:
            typer.echo(json.dumps({"whole": False, "broken": str(error)}, indent=2))
        err.print(f"BROKEN: {error}", style="red")
        raise typer.Exit(1) from error
    except (DaybiasError, OSError, httpx.HTTPError) as error:
        err.print(f"{source} cannot be read: {error}", style="red")
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps({"whole": True} | _plain(report), indent=2))
    else:
        _told(report)


def _read(source: str) -> Downloaded:
    if source.startswith(("https://", "http://")):
        return read_download(_fetched(source))
    path = Path(source)
    if path.is_dir():
        kept = asyncio.run(chain_in(path).read())
        if not kept:
            raise InvalidInput("there is no link in this folder")
        return Downloaded(kept, (), None)
    with path.open("rb") as file:
        return read_download(file)


def _fetched(address: str) -> Iterable[bytes]:
    url = address if address.rstrip("/").endswith(_DOWNLOAD) else address.rstrip("/") + _DOWNLOAD
    answer = httpx.get(url, timeout=_TIMEOUT_S).raise_for_status()
    return answer.content.splitlines()


def _plain(report: Verified) -> dict[str, Any]:
    return {name: getattr(report, name) for name in Verified.__slots__}


def _told(report: Verified) -> None:
    out.print(
        f"Whole: {report.links:,} links, each bound to the one before, with {report.forecasts:,} "
        f"forecasts; {report.absent:,} times they say that there was none."
    )
    out.print(f"Keep this hash, a later download must contain it: {report.newest}")
    if report.late:
        out.print(
            f"{len(report.late):,} came after their open and count nothing: {report.late[0]} …"
        )
    out.print(
        f"{report.scores:,} scores, {report.counting:,} count; their figures follow from the chain."
        if report.scores
        else "No scores were given: only the chain was checked."
    )
    if report.scores and report.unscored:
        out.print(
            f"{len(report.unscored):,} forecasts have no score (their session goes on, or its bar "
            f"never came): {report.unscored[0]} …"
        )
    if report.figures:
        out.print("The published figures are those of the scores.")


def _show(card: Mapping[str, Any]) -> None:
    out.print(card["words"])
    for name in ("close_to_close", "open_to_close"):
        if card["n"]:
            out.print(_figures(name.replace("_", " "), card[name]))
    for lean in card["leans"]:
        out.print(_lean(lean))
    for why, n in card["left_out"].items():
        out.print(f"{n:,} scores do not count: {why}")
    out.print(_steadiness())


def _steadiness() -> str:
    """Say how often a model answers the same question with another lean."""
    lines = [
        f"{row['provider']} {row['model']} ({row['prompt']}): asked the same again, "
        f"{row['flip_rate']:.0%} of {row['runs']} leans differ (measured {row['on']})"
        for row in steadiness()
    ]
    return "\n".join(lines) or "No model was asked the same question twice yet: no rate of flips."


def _figures(title: str, target: Mapping[str, Any]) -> Any:
    shown = table(
        f"{title}; fractions, [95 % block bootstrap]",
        *("who", "n", "dates", "RPS skill", "gain on it, t", "hit of 3", "always bullish"),
        *("direction hit", "of n", "ECE"),
    )
    groups = {"daybias": target["overall"], **target["rivals"]}
    for part in ("asset_class", "provider", "prompt", "instrument"):
        groups |= {f"{part} {name}": figures for name, figures in target[f"by_{part}"].items()}
    for name, figures in groups.items():
        t = figures.get("dm", {}).get("t")
        shown.add_row(
            name,
            f"{figures['n']:,}",
            f"{figures['dates']:,}",
            _ranged(figures, "rps_skill"),
            "-" if t is None else f"{t:+.1f}",
            _ranged(figures, "hit3"),
            f"{figures['hit3_always_bullish']:.3f}",
            _ranged(figures, "direction_hit", "direction"),
            f"{figures['direction_n']:,}",
            _ranged(figures, "ece"),
        )
    return shown


def _ranged(figures: Mapping[str, Any], name: str, ends: str | None = None) -> str:
    value = figures[name]
    low, high = (figures[f"{ends or name}_{end}"] for end in ("lo", "hi"))
    if value is None:
        return "-"
    return f"{value:+.3f}" + ("" if low is None else f" [{low:+.3f}, {high:+.3f}]")


def _lean(lean: Mapping[str, Any]) -> str:
    who = f"{lean['provider']} {lean['model']}"
    left_out = [f"{n:,} not, for {why}" for why, n in lean["not_counted"].items() if n]
    counted = f"{lean['counted']:,} leans count"
    if lean["counted"]:
        hits = (
            f"{_ranged(lean['lean'], 'hit3')} against {_ranged(lean['rules'], 'hit3')} of the rules"
        )
        counted += f", hit of 3 {hits}"
    return f"{who}: {'; '.join([counted, *left_out])}"
