"""`daybias retrieval`: the passages that a bias may rest on."""

import typer

from shared.cli.retrieval.evaluating import evaluate

retrieval = typer.Typer(no_args_is_help=True, help="The passages that a bias may rest on.")


@retrieval.callback()
def group() -> None:
    """Keep `eval` a command of a group, also while it is the only one."""


retrieval.command("eval")(evaluate)
