"""The journal over HTTP: accounts, the log, round trips, positions, figures, and its health."""

from collections.abc import Awaitable
from datetime import date
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, FastAPI, Query
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.types import Lifespan

from shared.domain.errors import InvalidInput
from shared.domain.execution import AccountEvent, Execution
from shared.domain.ids import AccountKey, RowKey, UserId
from shared.domain.journal.performance import Performance
from shared.domain.sync.service_level import imbalance
from shared.domain.time import Instant
from shared.http.accounts.owned import check_account
from shared.http.fastapi_app import make_fastapi
from shared.http.identity import Identify
from shared.journal.queries import (
    AccountView,
    ClosedTrip,
    HeldPosition,
    JournalQueries,
    Listing,
    Window,
)
from shared.journal.reconciliation.comparison import Agreement, Line
from shared.journal.reconciliation.result import Reconciliation

OPENAPI_URL = "/v1/openapi.json"
_MAX_LIMIT = 200
_NEVER = "it has not been compared with its broker yet"
_Item = TypeVar("_Item")


class Items(BaseModel, Generic[_Item]):
    """One page of a list; `next` is the `cursor` that asks for the page after, null at the end."""

    items: list[_Item]
    next: str | None = None


class LogLine(BaseModel):
    """The head of one row of the execution log; `version` counts what was observed of it."""

    key: RowKey
    account_key: AccountKey
    version: int
    row: Execution | AccountEvent


class AccountState(BaseModel):
    """How an account's positions stood when they were last compared with its broker's."""

    account_key: AccountKey
    label: str
    state: Agreement
    reason: str
    as_of: Instant | None
    lines: tuple[Line, ...]


def _window(
    limit: Annotated[int, Query(ge=1, le=_MAX_LIMIT)] = 100,
    cursor: Annotated[str | None, Query(description="`next` of the page before")] = None,
) -> Window:
    return Window(limit, cursor)


_Window = Annotated[Window, Depends(_window)]


def api_app(
    queries: JournalQueries, identify: Identify, *, lifespan: Lifespan[Starlette] | None = None
) -> FastAPI:
    """Make the app; `identify` names the user of a request or refuses it."""
    app = make_fastapi("Daybias: journal", OPENAPI_URL, lifespan=lifespan)
    _add_lists(app, queries, identify)
    _add_state(app, queries, identify)
    _add_health(app, queries, identify)
    return app


def _add_lists(app: FastAPI, queries: JournalQueries, identify: Identify) -> None:
    User = Annotated[UserId, Depends(identify)]  # noqa: N806 - a type

    @app.get("/v1/executions")
    async def executions(
        user: User, window: _Window, account: AccountKey | None = None
    ) -> Items[LogLine]:
        """The execution log, newest first: fills and account events."""
        await check_account(queries, user, account)
        page = await _page(queries.executions(user, account, window), window)
        lines = [
            LogLine(key=e.key, account_key=e.account_key, version=e.version, row=e.row)
            for e in page.items
        ]
        return Items(items=lines, next=page.cursor)

    @app.get("/v1/round-trips")
    async def round_trips(
        user: User, window: _Window, account: AccountKey | None = None
    ) -> Items[ClosedTrip]:
        """Closed round trips, newest first."""
        await check_account(queries, user, account)
        page = await _page(queries.round_trips(user, account, window), window)
        return Items(items=list(page.items), next=page.cursor)


def _add_state(app: FastAPI, queries: JournalQueries, identify: Identify) -> None:
    User = Annotated[UserId, Depends(identify)]  # noqa: N806 - a type

    @app.get("/v1/accounts")
    async def accounts(user: User) -> Items[AccountView]:
        """The broker accounts behind the user's connections; `same_as` where two are one."""
        return Items(items=await queries.compared_accounts(user))

    @app.get("/v1/positions")
    async def positions(user: User, account: AccountKey | None = None) -> Items[HeldPosition]:
        """What is held, by instrument."""
        await check_account(queries, user, account)
        return Items(items=await queries.positions(user, account))

    @app.get("/v1/summary")
    async def summary(
        user: User,
        account: AccountKey | None = None,
        since: Annotated[date | None, Query(description="first trading day")] = None,
        until: Annotated[date | None, Query(description="the day after the last one")] = None,
    ) -> Performance:
        """Every figure of a span of trading days, from one function."""
        await check_account(queries, user, account)
        return await queries.summary(user, account, since=since, until=until)

    @app.get("/v1/reconciliation")
    async def reconciliation(user: User) -> Items[AccountState]:
        """Each account against its broker: agreed, differs, or unknown with the reason."""
        known = {one.account_key: one for one in await queries.reconciliations(user)}
        accounts = await queries.accounts(user)
        return Items(items=[_state(one, known.get(one.account_key)) for one in accounts])


def _add_health(app: FastAPI, queries: JournalQueries, identify: Identify) -> None:
    User = Annotated[UserId, Depends(identify)]  # noqa: N806 - a type

    @app.get("/v1/runs")
    async def runs(user: User, window: _Window, account: AccountKey) -> Items[dict[str, Any]]:
        """An account's sync runs, newest first; `fault` says where counts do not add up, or ""."""
        await check_account(queries, user, account)
        page = await _page(queries.runs(user, account, window), window)
        return Items(
            items=[{**run, "fault": imbalance(run)} for run in page.items], next=page.cursor
        )

    @app.get("/v1/quarantine")
    async def quarantine(
        user: User, window: _Window, account: AccountKey | None = None
    ) -> Items[dict[str, Any]]:
        """Rows that could not be read, with their raw payload and the reason."""
        await check_account(queries, user, account)
        page = await _page(queries.quarantine(user, account, window), window)
        return Items(items=[dict(row) for row in page.items], next=page.cursor)

    @app.get("/v1/coverage/{account}")
    async def coverage(user: User, account: AccountKey) -> Items[dict[str, Any]]:
        """Which days of an account are complete, one map a year."""
        await check_account(queries, user, account)
        return Items(items=[dict(year) for year in await queries.coverage(user, account)])


async def _page(asked: Awaitable[Listing[_Item]], window: Window) -> Listing[_Item]:
    try:
        return await asked
    except ValueError as error:
        if window.cursor is None:  # then it was not the caller's fault
            raise
        raise InvalidInput(
            "the cursor is not one of ours", expected=["`next` of the page before"]
        ) from error


def _state(account: AccountView, found: Reconciliation | None) -> AccountState:
    return AccountState(
        account_key=account.account_key,
        label=f"{account.broker} {account.environment} {account.account_number}",
        state=found.state if found else Agreement.UNKNOWN,
        reason=found.reason if found else _NEVER,
        as_of=found.as_of if found else None,
        lines=found.lines if found else (),
    )
