"""`daybias doctor`: does what is configured work?"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from shared.cli.terminal import failing_aloud, out, table
from shared.wiring.doctor.examine import examine
from shared.wiring.doctor.finding import Condition, Finding

_COLOURS = {Condition.OK: "green", Condition.OLD: "yellow", Condition.BROKEN: "red"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="for a machine")] = False,
) -> None:
    """Check configuration, stores, keys, models and the data's age; status 1 if any is broken."""
    with failing_aloud():
        found = asyncio.run(examine())
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in found], indent=2))
    else:
        _show(found)
    if any(finding.condition is Condition.BROKEN for finding in found):
        raise typer.Exit(1)


def _show(found: Sequence[Finding]) -> None:
    shown = table("Doctor", "part", "condition", "detail")
    for finding in found:
        style = _COLOURS.get(finding.condition, "dim")
        shown.add_row(finding.part, finding.condition, finding.detail, style=style)
    out.print(shown)
