"""`daybias prompts`: which prompts there are, and how good each is on frozen snapshots."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from shared.analyst.evaluation.harness import Harness, Plan, count
from shared.analyst.evaluation.measured import merged, rows_of
from shared.analyst.library import Prompt, PromptLibrary, load_library
from shared.cli.terminal import err, failing_aloud, out, table
from shared.domain.bias import Step
from shared.domain.errors import InvalidInput
from shared.domain.money import parse_decimal
from shared.wiring.models.evaluation import PROVIDERS, evaluation_harness, frozen_market

prompts = typer.Typer(help="The prompt library and its evaluation.", no_args_is_help=True)

_OPEN_DATA = Path("infra/local/data")


@prompts.command("list")
def list_all() -> None:
    """List every released prompt; the newest of a step is used unless settings choose another."""
    library = load_library()
    shown = table("Prompts", "prompt", "used", "temperature", "fixed characters", "hypothesis")
    for step in Step:
        for prompt in library.versions(step):
            used = "yes" if library.prompts[step] is prompt else ""
            size = f"{len(prompt.system):,}"
            header = prompt.header
            shown.add_row(prompt.id, used, f"{header.temperature}", size, header.hypothesis)
    out.print(shown)


@prompts.command("eval")
def evaluate(  # noqa: PLR0913, PLR0917 - the options of a command
    steps: Annotated[str, typer.Option(help="comma-separated, or all")] = "all",
    versions: Annotated[str, typer.Option(help="comma-separated numbers, or newest")] = "newest",
    provider: Annotated[str, typer.Option(help=", ".join(PROVIDERS))] = "rules",
    model: Annotated[str | None, typer.Option(help="the provider's model")] = None,
    base_url: Annotated[str | None, typer.Option(help="another address of the provider")] = None,
    snapshots: Annotated[int, typer.Option(min=1, help="how many frozen moments")] = 10,
    data: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="daily/, intraday/, calendar/")
    ] = _OPEN_DATA,
    reruns: Annotated[int, typer.Option(min=0, help="ask the first five this often again")] = 3,
    inversions: Annotated[bool, typer.Option(help="turn groups of values round")] = True,
    max_usd: Annotated[str | None, typer.Option(help="begin and go on below this alone")] = None,
    parallel: Annotated[int, typer.Option(min=1, help="sections under way at once")] = 4,
    deadline_s: Annotated[float, typer.Option(min=1, help="for one section")] = 60.0,
    record: Annotated[
        Path | None, typer.Option(dir_okay=False, help="keep the figures in this file")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for a machine")] = False,
) -> None:
    """Try prompts on frozen snapshots: validity, grounding, tokens, cost, steadiness, reaction."""
    with failing_aloud():
        wanted = _Wanted(_chosen(load_library(), steps, versions), data, snapshots)
        opening = evaluation_harness(
            provider,
            model=model,
            base_url=base_url,
            max_usd=parse_decimal(max_usd, "max-usd") if max_usd else None,
            parallel=parallel,
            deadline_s=deadline_s,
        )
        report = asyncio.run(_evaluate(opening, wanted, reruns, inversions=inversions))
    if record is not None:
        _record(record, report)
    typer.echo(json.dumps(report, indent=2)) if as_json else _show(report)


@dataclass(frozen=True, slots=True)
class _Wanted:
    prompts: Mapping[Step, tuple[Prompt, ...]]
    data: Path
    snapshots: int


async def _evaluate(
    opening: AbstractAsyncContextManager[Harness], wanted: _Wanted, reruns: int, *, inversions: bool
) -> dict[str, Any]:
    async with opening as harness:
        cases = tuple(await frozen_market(wanted.data).cases(wanted.snapshots))
        plan = Plan(cases, wanted.prompts, load_library(), reruns=reruns, inversions=inversions)
        _announce(harness.estimate_usd(plan))
        with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
            task = bar.add_task("asking", total=count(plan, rules=harness.model is None))
            harness.advance = lambda: bar.advance(task)
            return await harness.run(plan) | {"data": str(wanted.data)}


def _chosen(library: PromptLibrary, steps: str, versions: str) -> Mapping[Step, tuple[Prompt, ...]]:
    """Find the prompts that a command line means.

    Raises: InvalidInput for what is no step or number, ConfigError for a version not released.
    """
    try:
        wanted = list(Step) if steps == "all" else [Step(one.strip()) for one in steps.split(",")]
        numbers = None if versions == "newest" else [int(one) for one in versions.split(",")]
    except ValueError as error:
        known = ", ".join(Step)
        raise InvalidInput(f"{error}; steps are {known}, versions numbers") from error
    if numbers is None:
        return {step: (library.prompts[step],) for step in wanted}
    return {
        step: tuple(library.choose({step: number}).prompts[step] for number in numbers)
        for step in wanted
    }


def _announce(estimate: Decimal | None) -> None:
    told = "unknown: no price is in the table" if estimate is None else f"{estimate:.4f} USD"
    err.print(f"estimated cost: {told}")


def _record(path: Path, report: Mapping[str, Any]) -> None:
    known = json.loads(path.read_text("utf-8")) if path.exists() else []
    rows = merged(known, rows_of(report, report["data"]))
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    err.print(f"{path}: {len(rows)} measurements")


def _show(report: Mapping[str, Any]) -> None:
    named = f"{report['provider']} {report['model']}, {len(report['snapshots'])} snapshots"
    drafts = table(
        f"First drafts: {named}; shares of n",
        *("prompt", "n", "schema", "grounded", "repaired", "fell back", "violations"),
    )
    spent = table(
        "Cost and time",
        *("prompt", "calls", "tokens in", "cached", "out", "USD", "p50 ms", "p95 ms"),
    )
    worth = table(
        "Likeness",
        *("prompt", "label", "topics", "flips", "same again", "characters", "moved by"),
    )
    for result in report["results"]:
        name = f"{result['step']} {result['prompt']}"
        drafts.add_row(name, *_draft_cells(result))
        spent.add_row(name, *_cost_cells(result))
        worth.add_row(name, *_worth_cells(result))
    for one in (drafts, spent, worth):
        out.print(one)


def _draft_cells(result: Mapping[str, Any]) -> Sequence[str]:
    kinds = ", ".join(f"{kind} {n}" for kind, n in result["violations"].items())
    names = ("schema_valid", "grounded_first", "repaired", "fell_back")
    return (str(result["n"]), *(_share(result[name]) for name in names), kinds or "-")


def _cost_cells(result: Mapping[str, Any]) -> Sequence[str]:
    tokens, latency = result["tokens"], result["latency_ms"]
    written = tokens["output"] + tokens["thinking"]
    return (
        str(result["calls"]),
        f"{tokens['prompt']:,}",
        _share(result["cached_share"]),
        f"{written:,}",
        result["cost_usd"] or "unknown",
        *(("-" if latency[p] is None else f"{latency[p]:,}") for p in ("p50", "p95")),
    )


def _worth_cells(result: Mapping[str, Any]) -> Sequence[str]:
    agreement, again = result["agreement"], result["repeatability"]
    moved = (f"{g} {_share(m['claims_moved'])}" for g, m in result["sensitivity"].items())
    return (
        _share(agreement["label"]),
        _share(agreement["topics"]),
        _share(again["flip_rate"]),
        _share(again["same_text"]),
        f"{result['length']['characters'] or 0:.0f}",
        ", ".join(moved) or "-",
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
