"""`daybias accounts`: your accounts, how their cost is counted, what they held before."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from shared.cli.terminal import at_desk, checked, find_account, out, table
from shared.domain.journal.lots import CostMethod
from shared.domain.money import decimal_text, parse_decimal
from shared.domain.time import iso
from shared.http.identity import LOCAL_USER as USER
from shared.journal.reconciliation.stated import Stated
from shared.wiring.roots.desk import Desk

accounts = typer.Typer(help="Your accounts: how cost is counted, what was held before.")

_Account = Annotated[str, typer.Argument(help="its number or key")]
_Symbol = Annotated[str, typer.Argument(help="as your broker writes it")]


@accounts.callback(invoke_without_command=True)
def list_all(context: typer.Context) -> None:
    """List your accounts."""
    if context.invoked_subcommand is not None:
        return

    async def work(desk: Desk) -> None:
        shown = table("Accounts", "number", "broker", "currency", "cost", "key")
        for one in await desk.queries.accounts(USER):
            place = f"{one.broker} {one.environment}"
            cost = one.cost_method.value
            shown.add_row(one.account_number, place, one.currency, cost, one.account_key)
        out.print(shown)

    at_desk(work)


@accounts.command("cost-method")
def cost_method(account: _Account, method: CostMethod) -> None:
    """Count cost first in, first out, or on average; the account is built anew."""

    async def work(desk: Desk) -> None:
        found = await find_account(desk, account)
        count = await desk.cost_methods.choose(USER, found.account_key, method)
        await desk.settle()
        out.print(f"{found.account_number}: {method.value}, {count} instruments built anew.")

    at_desk(work)


@accounts.command("state-lot")
def state_lot(
    account: _Account,
    symbol: _Symbol,
    quantity: Annotated[str, typer.Option(help="in all; negative for a short, 0 for nothing")],
    at: Annotated[datetime, typer.Option(help="when it was held (UTC), before the first fill")],
    price: Annotated[str | None, typer.Option(help="what one cost; without it: unknown")] = None,
) -> None:
    """State what was held before the known history begins; it wins over what was inferred."""

    async def work(desk: Desk) -> None:
        found = await find_account(desk, account)
        cost = None if price is None else parse_decimal(price, "price")
        units = parse_decimal(quantity, "quantity")
        told = {"quantity": units, "price": cost, "held_at": at.replace(tzinfo=UTC)}
        stated = checked(Stated, told)
        lot = await desk.lots.state(USER, found.account_key, symbol, stated)
        await desk.settle()
        price_told = "of unknown cost" if lot.price is None else f"at {decimal_text(lot.price)}"
        out.print(f"{symbol}: {decimal_text(lot.quantity)} {price_told}, held {iso(lot.held_at)}.")

    at_desk(work)


@accounts.command("drop-lot")
def drop_lot(account: _Account, symbol: _Symbol) -> None:
    """Forget what you stated of a symbol."""

    async def work(desk: Desk) -> None:
        found = await find_account(desk, account)
        await desk.lots.take_back(USER, found.account_key, symbol)
        await desk.settle()

    at_desk(work)
