"""What the command line shows: values in, rich tables out; every figure comes computed."""

from collections.abc import Sequence

from rich.console import Group, RenderableType

from shared.bias.serving.service import Served
from shared.brokers.engine.saved import Saved
from shared.cli.terminal import table as _table
from shared.domain.bias import Bias, Unavailable
from shared.domain.journal.performance import Performance
from shared.domain.journal.position import Position
from shared.domain.money import decimal_text
from shared.domain.sync.connection import Connection
from shared.domain.time import iso
from shared.journal.queries import AccountView
from shared.journal.reconciliation.result import Reconciliation
from shared.wiring.roots.desk import Synced


def board(answers: Sequence[Served | Unavailable]) -> RenderableType:
    """Show one line an instrument, with the reason where there is no bias."""
    table = _table("Bias", "instrument", "label", "lift", "bear / neutral / bull", "normal day")
    for answer in answers:
        if isinstance(answer, Unavailable):
            table.add_row(answer.instrument, "-", "", answer.reason, "")
            continue
        forecast = answer.bias.forecast
        table.add_row(
            answer.bias.instrument,
            forecast.label,
            f"{forecast.lift:+.1f}",
            _chances(forecast.probabilities.model_dump()),
            _chances(forecast.base_rates.model_dump()),
        )
    return table


def _chances(chances: dict[str, float]) -> str:
    return " / ".join(f"{chances[name]:.1%}" for name in ("bear", "neutral", "bull"))


def answer(given: Served | Unavailable) -> RenderableType:
    """Show one instrument's bias with its sections."""
    if isinstance(given, Unavailable):
        return f"{given.instrument} {given.session}: no bias, {given.reason}"
    return Group(*_lines(given.bias))


def _lines(bias: Bias) -> list[str]:
    forecast, source = bias.forecast, bias.provenance
    chances = _chances(forecast.probabilities.model_dump())
    normal = _chances(forecast.base_rates.model_dump())
    lines = [
        f"{bias.instrument} {bias.session} ({bias.moment}): {forecast.label}, {forecast.wording}",
        f"{forecast.lift:+.1f} points; {chances} against {normal} on a normal day. {forecast.edge}",
        f"Prices: {source.proxy_label or source.series} ({source.source}); by {bias.provider}.",
    ]
    for section in bias.sections:
        lines += ["", f"{section.step}: {section.headline}", *section.findings]
        lines += [
            f"  {one.kind} of {one.published_at:%Y-%m-%d}: {one.title} {one.url}".rstrip()
            for one in section.documents
        ]
    return lines


def figures(summary: Performance) -> RenderableType:
    """Show the figures of each currency."""
    table = _table("Journal", "currency", "executions", "round trips", "win rate", "net")
    for total in summary.totals:
        rate = "-" if total.win_rate is None else f"{total.win_rate:.1%}"
        table.add_row(
            total.currency,
            str(total.executions),
            str(total.round_trips),
            rate,
            decimal_text(total.net),
        )
    return table


def positions(held: Sequence[Position]) -> RenderableType:
    """Show what is open."""
    table = _table("Open positions", "symbol", "quantity", "average price", "since")
    for one in held:
        table.add_row(
            one.symbol,
            decimal_text(one.quantity),
            "unknown" if one.average_price is None else decimal_text(one.average_price),
            iso(one.opened_at),
        )
    return table


def agreement(results: Sequence[Reconciliation], accounts: Sequence[AccountView]) -> RenderableType:
    """Show how each account compares with its broker."""
    names = {a.account_key: f"{a.broker} {a.environment} {a.account_number}" for a in accounts}
    table = _table("Against the brokers", "account", "state", "why")
    for one in results:
        lines = (f"{d.symbol} ours {d.ours} theirs {d.theirs}" for d in one.differing)
        table.add_row(names[one.account_key], one.state, one.reason or "; ".join(lines))
    return table


def synced(broker: str, result: Synced) -> str:
    """Say what a sync did."""
    return (
        f"{broker}: {result.tick.due} connections due, {result.drained.acknowledged} messages "
        f"done, {result.drained.refused} put back"
    )


def _printable(text: str) -> str:
    """Write half a character, which a row may hold and no terminal shows, by its number."""
    return text.encode(errors="backslashreplace").decode()


def saved(found: Saved) -> RenderableType:
    """Show what a saved payload would become."""
    fills = _table("Executions", "id", "account", "side", "quantity", "symbol", "price", "at")
    for account_id, fill in found.executions:
        fills.add_row(
            fill.execution_id,
            _printable(account_id),
            fill.side,
            decimal_text(fill.quantity),
            fill.symbol,
            decimal_text(fill.price),
            iso(fill.executed_at),
        )
    events = _table("Account events", "id", "account", "type", "amount", "symbol", "on")
    for account_id, event in found.events:
        amount = f"{decimal_text(event.amount)} {event.currency}"
        on = event.effective_on.isoformat()
        events.add_row(
            event.event_id, _printable(account_id), event.type, amount, event.symbol or "", on
        )
    left = _table("Other rows", "what", "reason")
    for row in found.ignored:
        left.add_row("ignored", _printable(row.reason))
    for row in found.unparseable:
        left.add_row("unparseable", _printable(row.reason))
    for execution_id, fields in found.unknown.items():
        left.add_row("unknown", f"{execution_id}: other answers tell {', '.join(fields)}")
    return Group(*(table for table in (fills, events, left) if table.row_count))


def connections(listed: Sequence[Connection]) -> RenderableType:
    """Show the logins and how they are."""
    table = _table("Connections", "label", "broker", "environment", "state", "reason", "due")
    for one in listed:
        table.add_row(
            one.label,
            one.broker,
            one.environment,
            one.health.state,
            one.health.reason,
            iso(one.next_due_at),
        )
    return table
