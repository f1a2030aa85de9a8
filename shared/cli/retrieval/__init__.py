"""`daybias retrieval`: the passages that a bias may rest on."""

import typer

from shared.cli.retrieval.evaluating import evaluate
from shared.cli.retrieval.reindexing import reindex
from shared.cli.retrieval.taking_in import backfill, forget

retrieval = typer.Typer(no_args_is_help=True, help="The passages that a bias may rest on.")


retrieval.command("eval")(evaluate)
retrieval.command()(backfill)
retrieval.command()(forget)
retrieval.command()(reindex)
