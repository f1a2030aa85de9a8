"""`daybias reconcile` and `daybias discrepancies`: your broker's side and ours."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from shared.cli import screens
from shared.cli.terminal import at_desk, find_account, out, table
from shared.domain.journal.opening import OpeningLot
from shared.domain.money import decimal_text
from shared.domain.time import iso
from shared.http.identity import LOCAL_USER as USER
from shared.journal.reconciliation.result import Reconciliation
from shared.ports import Body
from shared.wiring.roots.desk import Desk

discrepancies = typer.Typer(help="Where your broker and the journal differ, and why that may be.")

_Account = Annotated[str | None, typer.Option(help="its number or key; all without")]


def reconcile(account: _Account = None) -> None:
    """Hold accounts against their brokers' newest reports: positions, cash, opening lots."""

    async def work(desk: Desk) -> None:
        accounts = await desk.queries.accounts(USER)
        if account is None:
            results = await desk.reconcile.sweep(USER)
        else:
            found = await find_account(desk, account)
            results = [await desk.reconcile.reconcile(USER, found.account_key)]
        out.print(screens.agreement(results, accounts))
        out.print(_cash(results))
        lots: list[OpeningLot] = []
        for one in accounts:
            lots += await desk.queries.opening_lots(USER, one.account_key)
        if lots:
            out.print(_lots(lots))

    at_desk(work)


def _cash(results: Sequence[Reconciliation]) -> Table:
    shown = table("Cash", "account", "state", "since", "ours moved", "differs by", "why")
    for one in results:
        if (cash := one.balance) is not None:
            since = "" if cash.since is None else iso(cash.since)
            ours = "" if cash.ours is None else f"{decimal_text(cash.ours)} {cash.currency}"
            by = "" if cash.difference is None else decimal_text(cash.difference)
            shown.add_row(one.account_key[:8], cash.state.value, since, ours, by, cash.reason)
    return shown


def _lots(lots: Sequence[OpeningLot]) -> Table:
    shown = table("Held before the known history", "symbol", "quantity", "cost", "since", "how")
    for lot in lots:
        cost = "unknown" if lot.price is None else f"{decimal_text(lot.price)} {lot.currency}"
        quantity = decimal_text(lot.quantity)
        shown.add_row(lot.symbol, quantity, cost, iso(lot.held_at), lot.origin.value)
    return shown


_COLUMNS = ("account", "symbol", "ours", "theirs", "state", "what it may be")


@discrepancies.callback(invoke_without_command=True)
def list_all(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="also the resolved ones")] = False,
) -> None:
    """List differences with what may have caused them, the likeliest first."""
    if context.invoked_subcommand is not None:
        return

    async def work(desk: Desk) -> None:
        shown = table("Differences", *_COLUMNS)
        for account in await desk.queries.accounts(USER):
            for one in await desk.queries.discrepancies(USER, account.account_key):
                if everything or one["state"] != "resolved":
                    sides = (one["symbol"], one["ours"], one["theirs"], one["state"])
                    shown.add_row(account.account_number, *sides, _why(one))
        out.print(shown if shown.row_count else "Nothing differs.")

    at_desk(work)


def _why(one: Body) -> str:
    if one.get("note"):
        return f"known: {one['note']}"
    return "\n".join(f"{suspect['weight']} {suspect['why']}" for suspect in one["suspects"])


@discrepancies.command()
def acknowledge(
    symbol: Annotated[str, typer.Argument(help="which symbol differs")],
    account: Annotated[str, typer.Option(help="its number or key")],
    note: Annotated[str, typer.Option(help="what you know of it")],
) -> None:
    """Note why a symbol differs; it opens again when the difference changes."""

    async def work(desk: Desk) -> None:
        found = await find_account(desk, account)
        await desk.reconcile.acknowledge(USER, found.account_key, symbol, note)

    at_desk(work)
