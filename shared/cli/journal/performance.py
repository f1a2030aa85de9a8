"""`daybias performance` and `daybias rules`."""

from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from shared.cli.terminal import at_desk, checked, day_of, find_account, out, table
from shared.domain.ids import AccountKey
from shared.domain.money import decimal_text, parse_decimal
from shared.domain.performance.groups import Dimension
from shared.domain.performance.prop_rules import PropRules, Trailing
from shared.domain.performance.statistics import Statistics
from shared.http.identity import LOCAL_USER as USER
from shared.journal.performance.report import Asked, PerformanceReport
from shared.wiring.roots.desk import Desk

rules = typer.Typer(no_args_is_help=True, help="Rules of a prop firm, and how each stands.")

_DAY = ["%Y-%m-%d"]
_Account = Annotated[str, typer.Option(help="its number or key")]
_Money = Annotated[str | None, typer.Option(help="money")]


def performance(  # noqa: PLR0913, PLR0917 - the options of a report
    account: Annotated[str | None, typer.Option(help="its number or key; all without")] = None,
    since: Annotated[datetime | None, typer.Option("--from", formats=_DAY)] = None,
    until: Annotated[datetime | None, typer.Option("--before", formats=_DAY)] = None,
    by: Annotated[list[Dimension] | None, typer.Option(help="groups; several times")] = None,
    zone: Annotated[str, typer.Option(help="in which hours are told")] = "America/New_York",
    into: Annotated[str | None, typer.Option(help="reporting currency")] = None,
) -> None:
    """Show how trading went: statistics, drawdown, groups, open profit, rules."""

    async def work(desk: Desk) -> PerformanceReport:
        key = None if account is None else (await find_account(desk, account)).account_key
        span = {"since": day_of(since), "until": day_of(until)}
        told = {"account_key": key, "by": tuple(by or ()), "zone": zone, "into": into}
        asked = checked(Asked, {**span, **told})
        return await desk.performances.report(USER, asked)

    _show(at_desk(work))


_COLUMNS = ("trips", "win rate", "net", "profit factor", "expectancy", "R", "streaks")


def _cells(figures: Statistics) -> tuple[str, ...]:
    streaks = figures.streaks
    return (
        str(figures.round_trips),
        "-" if figures.win_rate is None else f"{figures.win_rate:.1%}",
        decimal_text(figures.net),
        "-" if figures.profit_factor is None else f"{figures.profit_factor:.2f}",
        "-" if figures.expectancy is None else f"{figures.expectancy:.2f}",
        "-" if figures.r_average is None else f"{figures.r_average:.2f} of {figures.r_trips}",
        f"+{streaks.longest_win} / -{streaks.longest_loss}",
    )


def _show(report: PerformanceReport) -> None:
    whole = table("Closed round trips, net", "currency", *_COLUMNS, "deepest drawdown")
    for one in report.currencies:
        deepest = one.curve.deepest
        fell = "-" if deepest is None else f"{decimal_text(deepest.amount)} ({deepest.trough_on})"
        whole.add_row(one.currency, *_cells(one.figures), fell)
    out.print(whole)
    if report.left_out:
        out.print(f"{report.left_out} round trips of unknown cost are in no figure.")
    if report.excluded:
        out.print(f"{report.excluded} round trips are excluded by you; `daybias notes` says why.")
    for grouped in report.groups:
        shown = table(f"By {grouped.by.value}", grouped.by.value, "currency", *_COLUMNS)
        for group in grouped.groups:
            shown.add_row(group.label, group.currency, *_cells(group.figures))
        out.print(shown)
    if report.unrealized:
        out.print(_unrealized(report))
    if report.rules:
        _show_rules(report)
    if report.net is not None:
        out.print(_converted(report))


def _unrealized(report: PerformanceReport) -> Table:
    shown = table("Open", "symbol", "quantity", "price", "profit", "currency", "source")
    for one in report.unrealized:
        price = "unknown" if one.price is None else decimal_text(one.price)
        profit = "unknown" if one.profit is None else decimal_text(one.profit)
        quantity = decimal_text(one.quantity)
        shown.add_row(one.symbol, quantity, price, profit, one.currency, one.source or "")
    return shown


def _show_rules(report: PerformanceReport) -> None:
    out.print(_rules(report))
    for account in report.rules:
        if account.unrealized is None:
            name = account.account_key[:8]
            out.print(f"{name}: open positions without a price are in none of its rules.")


def _rules(report: PerformanceReport) -> Table:
    shown = table("Rules", "account", "rule", "stands", "limit", "used", "left", "broken on")
    for account in report.rules:
        for state in account.states:
            amounts = map(decimal_text, (state.limit, state.used, state.left))
            broken = "" if state.broken_on is None else state.broken_on.isoformat()
            name = account.account_key[:8]
            shown.add_row(name, state.rule, state.standing.value, *amounts, broken)
    return shown


def _converted(report: PerformanceReport) -> str:
    assert report.net is not None  # noqa: S101 - asked by the caller
    net = report.net
    rates = "; ".join(
        f"{rate.currency} {decimal_text(rate.value)} of {rate.on} ({rate.source})"
        for rate in net.rates
    )
    missing = f" Without a rate, not in it: {', '.join(net.missing)}." if net.missing else ""
    return f"Net: {decimal_text(net.amount)} {net.currency}. Rates: {rates or 'none'}.{missing}"


@rules.command("set")
def set_rules(  # noqa: PLR0913, PLR0917 - the rules of a firm
    account: _Account,
    beginning: Annotated[str, typer.Option(help="balance on the first morning")],
    begins_on: Annotated[datetime, typer.Option(formats=_DAY, help="first trading day")],
    currency: str = "USD",
    daily_loss: _Money = None,
    static_drawdown: _Money = None,
    trailing_drawdown: _Money = None,
    trailing: Annotated[Trailing, typer.Option(help="what lifts the floor")] = Trailing.END_OF_DAY,
    trailing_stops_at: _Money = None,
    profit_target: _Money = None,
    consistency: Annotated[str | None, typer.Option(help="share of 1 that a day may be")] = None,
) -> None:
    """Give an account a firm's rules, over those that it had."""
    stated = {
        "beginning": beginning,
        "daily_loss": daily_loss,
        "static_drawdown": static_drawdown,
        "trailing_drawdown": trailing_drawdown,
        "trailing_stops_at": trailing_stops_at,
        "profit_target": profit_target,
        "consistency": consistency,
    }

    async def work(desk: Desk) -> AccountKey:
        amounts = {n: parse_decimal(text, n) for n, text in stated.items() if text is not None}
        named = {"currency": currency, "begins_on": begins_on.date(), "trailing": trailing}
        made = checked(PropRules, {**named, **amounts})
        found = await find_account(desk, account)
        await desk.performances.rules.put(USER, found.account_key, made)
        return found.account_key

    out.print(f"{at_desk(work)}: the rules hold; `daybias performance` tells how they stand.")


@rules.command()
def clear(account: _Account) -> None:
    """Take an account's rules away."""

    async def work(desk: Desk) -> None:
        found = await find_account(desk, account)
        await desk.performances.rules.put(USER, found.account_key, None)

    at_desk(work)
