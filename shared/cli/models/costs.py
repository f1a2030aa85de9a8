"""`daybias costs`: what a day's models cost, and for what."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import typer

from shared.analyst.accounts.costs import By, CostLine, line_of, sum_by
from shared.analyst.accounts.ledger import Ledger
from shared.cli.terminal import at_desk, out, table
from shared.domain.model_use import ModelUse
from shared.wiring.roots.desk import Desk


def costs(
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="UTC; today without")
    ] = None,
    by: Annotated[By, typer.Option(help="what is summed")] = By.STEP,
    as_json: Annotated[bool, typer.Option("--json", help="for a machine")] = False,
) -> None:
    """Sum tokens, cached tokens and cost of a day; one unknown price makes a sum unknown."""

    async def work(desk: Desk) -> tuple[date, list[ModelUse]]:
        chosen = day.date() if day else desk.foundation.clock.now().date()
        return chosen, await Ledger(desk.documents).of_day(chosen)

    chosen, uses = at_desk(work)
    lines = [*sum_by(uses, by), line_of("total", uses)]
    if as_json:
        typer.echo(json.dumps([line.model_dump(mode="json") for line in lines], indent=2))
    else:
        _show(chosen, by, lines)


def _show(day: date, by: By, lines: Sequence[CostLine]) -> None:
    shown = table(
        f"Models on {day} (UTC)",
        *(str(by), "sections", "accepted", "calls", "tokens in", "cached", "out", "USD"),
    )
    for line in lines:
        counts = (line.sections, line.accepted, line.calls, line.prompt_tokens)
        written = line.output_tokens + line.thinking_tokens
        shown.add_row(
            line.name,
            *(f"{count:,}" for count in counts),
            f"{line.cached_tokens:,}",
            f"{written:,}",
            _cost(line),
        )
    out.print(shown)


def _cost(line: CostLine) -> str:
    if line.cost_usd is not None:
        return f"{line.cost_usd:.4f}"
    return f"unknown (at least {line.known_usd:.4f}; {line.unpriced} without a price)"
