"""`daybias retrieval eval`: how well passages are found."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.progress import Progress, TaskID

from shared.cli.terminal import err, failing_aloud, out, table
from shared.retrieval.evaluation.labelled import LabelledSet, read_labelled
from shared.retrieval.evaluation.measures import MEASURES
from shared.retrieval.search import SearchConfig

_SIBLING = Path("../shared/retrieval/dev")


def evaluate(
    data: Annotated[
        Path,
        typer.Option(
            exists=True, file_okay=False, help="documents.jsonl, queries.jsonl, qrels.tsv"
        ),
    ] = _SIBLING,
    rrf_k: Annotated[int, typer.Option(min=1, help="constant of the rank fusion")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="for a machine")] = False,
) -> None:
    """Measure the search on a labelled set: bundled model and engine, in a folder of its own."""
    with failing_aloud():
        found = asyncio.run(_measured(read_labelled(data), SearchConfig(rrf_k=rrf_k)))
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        _show(found)


async def _measured(labelled: LabelledSet, config: SearchConfig) -> dict[str, Any]:
    from shared.wiring.retrieval.local import evaluation_of, open_local_retrieval

    tasks: dict[str, TaskID] = {}
    with (
        TemporaryDirectory(prefix="daybias-retrieval-") as folder,
        Progress(console=err, transient=True, disable=not err.is_terminal) as progress,
    ):

        def told(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=of)
            progress.update(tasks[what], completed=done)

        opened = open_local_retrieval(Path(folder), config)
        try:
            return await evaluation_of(opened, told).run(labelled)
        finally:
            await opened.close()


def _show(found: Mapping[str, Any]) -> None:
    model = found["embedder"]
    title = f"{found['documents']:,} documents, {model['model']} of {model['dimension']} dimensions"
    scores = table(f"{title}, RRF k {found['rrf_k']}", "search", "within", "asked of", "n")
    for name in MEASURES:
        scores.add_column(name, justify="right")
    for way, lines in {"hybrid": found, **found["halves"]}.items():
        for place in ("scoped", "open"):
            for which in ("text", "all"):
                line = lines[place][which]
                cells = ("-" if line[m] is None else f"{line[m]:.3f}" for m in MEASURES)
                scores.add_row(way, place, which, f"{line['n']:,}", *cells)
    out.print(scores)
    bars = table("Bars", "bar", "asked", "found", "met")
    for name, bar in found["bars"].items():
        measured = "-" if bar["found"] is None else f"{bar['found']:.3f}"
        bars.add_row(name, f"{bar['asked']:.2f}", measured, "yes" if bar["met"] else "MISSED")
    out.print(bars)
    took = found["latency_ms"]
    if took["p50"] is not None:
        times = f"p50 {took['p50']:.1f} ms, p95 {took['p95']:.1f} ms"
        out.print(f"A scoped question, its embedding included: {times}")
    for why, number in found["ignored"].items():
        out.print(f"ignored: {number:,} {why}")
