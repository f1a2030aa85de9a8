"""`daybias costs`: what a day's models cost, and for what."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import typer

from shared.analyst.accounts.costs import By, CostLine, line_of, sum_by
from shared.analyst.accounts.ledger import Ledger
from shared.cli.terminal import at_desk, out, table
from shared.domain.model_use import Use
from shared.wiring.roots.desk import Desk

_SMALL = Decimal("0.001")


def costs(
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="UTC; today without")
    ] = None,
    by: Annotated[By, typer.Option(help="what is summed")] = By.STEP,
    as_json: Annotated[bool, typer.Option("--json", help="for a machine")] = False,
) -> None:
    """Sum a day's tokens and cost, of sections and of vectors; an unknown price is no 0."""

    async def work(desk: Desk) -> tuple[date, list[Use]]:
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
        *(str(by), "sections", "accepted", "calls", "tokens in", "estimated", "cached", "out"),
        "USD",
    )
    for line in lines:
        counts = (
            *(line.sections, line.accepted, line.calls),
            *(line.prompt_tokens, line.estimated_tokens, line.cached_tokens),
            line.output_tokens + line.thinking_tokens,
        )
        shown.add_row(line.name, *(f"{count:,}" for count in counts), _cost(line))
    out.print(shown)
    estimated = lines[-1].estimated_usd
    if lines[-1].estimated_tokens:
        resting = f"{_usd(estimated)} USD rest" if estimated else "no known cost rests"
        why = "our own count, rather too many: the provider told none"
        out.print(f"Estimated tokens are {why}; {resting} on them.")


def _cost(line: CostLine) -> str:
    if line.cost_usd is not None:
        return _usd(line.cost_usd)
    return f"unknown (at least {_usd(line.known_usd)}; {line.unpriced} without a price)"


def _usd(amount: Decimal) -> str:
    return f"{amount:.4f}" if amount >= _SMALL or not amount else f"{amount:.7f}"
