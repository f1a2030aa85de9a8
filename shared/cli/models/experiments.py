"""`daybias experiments`: what is tried, and what came of it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from shared.analyst.accounts.ledger import Ledger
from shared.analyst.experiments.declared import Experiment, load_experiments
from shared.analyst.experiments.pages import COUNTS, FIGURES, cell, gap, markdown, plots
from shared.analyst.experiments.report import Evidence, Rated, report
from shared.bias.ratings import Ratings
from shared.cli.terminal import at_desk, err, out, table
from shared.config import BiasSettings, load
from shared.domain.errors import InvalidInput
from shared.wiring.roots.desk import Desk
from shared.wiring.scorer import bias_scorer


def experiments(
    name: Annotated[str | None, typer.Argument(help="its id; lists all without")] = None,
    folder: Annotated[Path | None, typer.Option("--out", help="Markdown and plots go here")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for a machine")] = False,
) -> None:
    """List experiments, or report one: quality, cost and time of its arms, with intervals."""

    async def work(desk: Desk) -> dict[str, Any] | None:
        declared = load_experiments(load(BiasSettings).experiments)
        if name is None:
            _list(declared)
            return None
        chosen = [one for one in declared if one.id == name]
        if not chosen:
            known = ", ".join(one.id for one in declared) or "none"
            raise InvalidInput(f"no experiment {name!r}; declared are: {known}")
        return report(chosen[0], await _evidence(desk, chosen[0]))

    found = at_desk(work)
    if found is None:
        return
    if folder is not None:
        _write(found, folder)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        _show(found)


async def _evidence(desk: Desk, experiment: Experiment) -> Evidence:
    base = desk.foundation
    uses = await Ledger(base.documents).of_experiment(experiment.key)
    ratings = Ratings(base.documents, base.clock, base.entropy)
    rated = await ratings.between(experiment.since, experiment.until)
    scorer = bias_scorer(base)
    sessions = sorted({use.session for use in uses})
    scores = [score for session in sessions for score in await scorer.scores(session)]
    return Evidence(uses, scores, [Rated(r.instrument, r.session, r.rating) for r in rated])


def _list(declared: tuple[Experiment, ...]) -> None:
    if not declared:
        out.print("No experiment is declared; docs/guides/models.md says how one is.")
        return
    shown = table("Experiments", "id", "version", "provider", "from", "to", "arms", "expected")
    for one in declared:
        arms, span = ", ".join(arm.name for arm in one.arms), (f"{one.since}", f"{one.until}")
        shown.add_row(one.id, str(one.version), one.provider, *span, arms, one.hypothesis)
    out.print(shown)


def _write(found: Mapping[str, Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"report.md": markdown(found)} | plots(found)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    err.print(f"{folder}: {', '.join(texts)}")


def _show(found: Mapping[str, Any]) -> None:
    arms, span = found["arms"], f"{found['from']} to {found['to']}"
    shown = table(f"{found['experiment']}, {span}", "figure", *arms)
    for name, title in COUNTS.items():
        shown.add_row(title, *(f"{arm[name]:,}" for arm in arms.values()))
    for name, title in FIGURES.items():
        shown.add_row(title, *(cell(arm[name]) for arm in arms.values()))
    out.print(shown)
    for name, differences in found["differences"].items():
        apart = table(f"{name} minus {next(iter(arms))}", "figure", "difference")
        for figure, title in FIGURES.items():
            apart.add_row(title, gap(differences[figure]))
        out.print(apart)
    out.print(f"{found['caveat']} Left out: {found['left_out']}.")
