"""`daybias futures`: contracts and rolls."""

import typer

from shared.cli.terminal import at_desk, out, table
from shared.domain.futures.contracts import CONTRACTS
from shared.domain.money import decimal_text
from shared.domain.time import iso
from shared.http.identity import LOCAL_USER as USER
from shared.wiring.roots.desk import Desk

futures = typer.Typer(no_args_is_help=True, help="Contracts of futures, and rolls between months.")


@futures.command()
def contracts() -> None:
    """List the futures whose size is known, in dollars a contract."""
    shown = table("Contracts", "root", "a point", "tick", "a tick")
    for one in CONTRACTS.values():
        tick = "-" if one.tick is None else decimal_text(one.tick)
        worth = "-" if one.tick_value is None else decimal_text(one.tick_value)
        shown.add_row(one.root, decimal_text(one.point_value), tick, worth)
    out.print(shown)


@futures.command()
def rolls() -> None:
    """List positions that moved to another contract month; each stays two trades."""

    async def work(desk: Desk) -> None:
        columns = ("account", "at", "root", "from", "to", "direction", "quantity", "spread")
        shown = table("Rolls", *columns)
        for account in await desk.queries.accounts(USER):
            for roll in await desk.queries.rolls(USER, account.account_key):
                shown.add_row(
                    f"{account.broker} {account.account_number}",
                    iso(roll.closed.began_at),
                    roll.root,
                    roll.closed.symbol,
                    roll.opened.symbol,
                    roll.direction.value,
                    decimal_text(roll.closed.quantity),
                    decimal_text(roll.spread),
                )
        out.print(shown if shown.row_count else "No position has been rolled.")

    at_desk(work)
