"""Walking a history by reports: older days in stretches, then the days that every run reads."""

from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta

from shared.brokers.ibkr.columns import refuse_missing
from shared.brokers.ibkr.corrections import Row, is_trade, settled
from shared.brokers.ibkr.documents import (
    ACTIVITY,
    CONFIRMATIONS,
    Statement,
    raw_statements,
    statements_of,
)
from shared.brokers.ibkr.fields import day_of
from shared.brokers.ibkr.service import NoReport, NotAsked, activity, confirmations, recent_activity
from shared.brokers.spec import Ask, BrokerAccount, Page, Walk, Window
from shared.domain.errors import ContractBroken, UnparseableRow
from shared.domain.time import NEW_YORK, as_utc

_DAY = timedelta(days=1)


def by_report(longest: timedelta) -> Walk:
    """Read statements, oldest first, and behind them what is only confirmed yet.

    Shape: the history ends where statements do; confirmations are provisional and move nothing.
    Raises: ContractBroken (from the walk) where statements leave out days that were asked for: they
    are given first, and no day counts as read.
    """

    async def walk(ask: Ask, account: BrokerAccount, window: Window) -> AsyncIterator[Page]:
        reached, trades = window.since, list[Row]()
        rows = list[Row]()
        async for statement in _statements(ask, account, window, longest):
            if rows:
                yield Page(list(settled(rows, trades)), reached)
            trades += [row for row in rows if is_trade(row)]
            rows = statement.rows
            if statement.first_day > max(_weekday(_day(reached)), _opened_on(statement)):
                yield Page(list(settled(rows, trades)))
                raise _left_out(reached, statement)
            reached = max(reached, day_end(statement.last_day))
        ends = reached < window.until
        if ends:
            rows = [*rows, *await _confirmed(ask, account, _day(reached), _day(window.until))]
        yield Page(list(settled(rows, trades)), reached, ends=ends)

    return walk


async def _statements(
    ask: Ask, account: BrokerAccount, window: Window, longest: timedelta
) -> AsyncIterator[Statement]:
    """Give the statements that touch the window; stretches share the day at which they meet."""
    recent = statements_of(await ask(recent_activity()), account)
    first, until = _day(window.since), _day(window.until)
    begins = recent[0].first_day
    end = min(begins, until)
    while first < end or (first == end < begins):
        last = min(first + longest, end)
        for statement in await _checked(ask, account, first, last):
            yield statement
        if last == end:
            break
        first = last
    if begins <= until:
        for statement in recent:
            yield statement


async def _checked(ask: Ask, account: BrokerAccount, first: date, last: date) -> list[Statement]:
    body = await ask(activity(first, last))
    refuse_missing(raw_statements(body, ACTIVITY))
    return statements_of(body, account)


async def _confirmed(ask: Ask, account: BrokerAccount, first: date, last: date) -> list[Row]:
    """Read what is confirmed, where the user has named a query for it and there is any."""
    try:
        body = await ask(confirmations(first, last))
    except (NotAsked, NoReport):
        return []
    found = raw_statements(body, CONFIRMATIONS)
    refuse_missing(found)
    if not any(one.get("accountId") == account.account_id for one in found):
        return []  # accounts without a trade may be left out
    return [row for one in statements_of(body, account, CONFIRMATIONS) for row in one.rows]


def day_end(day: date) -> datetime:
    """Tell when a day ended in New York."""
    return as_utc(datetime.combine(day + _DAY, time(), NEW_YORK))


def _day(at: datetime) -> date:
    return at.astimezone(NEW_YORK).date()


def _weekday(day: date) -> date:
    """Go on to a weekday: whether statements may begin on a weekend is unverified."""
    return day + (7 - day.weekday()) * _DAY if day.weekday() > 4 else day


def _opened_on(statement: Statement) -> date:
    """Tell since when there is an account, where the query says so: before it nothing is owed."""
    for row in statement.of("AccountInformation"):
        try:
            return day_of(row, "dateOpened")
        except UnparseableRow:
            break
    return date.min


def _left_out(reached: datetime, statement: Statement) -> ContractBroken:
    return ContractBroken(
        f"Interactive Brokers' statement covers {statement.first_day} to {statement.last_day}, but "
        f"days since {_day(reached)} were asked for: what lies between is not known, and no day "
        "counts as read. A new account needs Date Opened in the query's Account Information."
    )
