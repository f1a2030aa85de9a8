"""What every command shares: where it prints, how it sits down at the desk, how it fails."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.progress import track
from rich.table import Table

from shared.domain.errors import DaybiasError, InvalidInput
from shared.domain.sync.connection import Connection
from shared.http.identity import LOCAL_USER as USER
from shared.journal.queries import AccountView
from shared.wiring.roots.desk import Desk, open_desk

_PIPED_WIDTH = 140  # a pipe has no width; a state must not be cut to 80 columns
_T = TypeVar("_T")
_Model = TypeVar("_Model", bound=BaseModel)

out = Console(markup=False, emoji=False)  # what brokers wrote is shown as it is
if not out.is_terminal:
    out.width = _PIPED_WIDTH
err = Console(stderr=True, markup=False, emoji=False)


@contextmanager
def failing_aloud() -> Iterator[None]:
    """Tell an error of ours, its lines whole, and end with status 1."""
    try:
        yield
    except DaybiasError as error:
        err.print(str(error), style="red", soft_wrap=True)
        raise typer.Exit(1) from error


def at_desk(work: Callable[[Desk], Awaitable[_T]]) -> _T:
    """Work at the desk of this machine; an error of ours is told, and ends with status 1."""

    async def run() -> _T:
        async with open_desk() as desk:
            return await work(desk)

    with failing_aloud():
        return asyncio.run(run())


def checked(model: type[_Model], stated: Mapping[str, Any]) -> _Model:
    """Make what a command line states.

    Raises: InvalidInput naming every fault.
    """
    try:
        return model.model_validate(stated)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise InvalidInput("; ".join(faults)) from error


def steps(items: Sequence[_T], what: str) -> Iterable[_T]:
    """Go through items with a progress bar, where somebody looks at it."""
    return track(items, what, console=err, transient=True, disable=not err.is_terminal)


def table(title: str, *columns: str) -> Table:
    """Begin a table as all commands show theirs."""
    made = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


async def find_connection(desk: Desk, name: str) -> Connection:
    """Find the connection that a person means by its label or id.

    Raises: InvalidInput when it is none or several, StoreUnavailable.
    """
    listed = await desk.connections.list(USER)
    found = [one for one in listed if name in (one.label, one.connection_id)]
    if len(found) == 1:
        return found[0]
    named = ", ".join(f"{one.label} ({one.connection_id})" for one in found or listed)
    raise InvalidInput(f"{len(found)} connections are called {name!r}; there are: {named}")


def day_of(given: datetime | None) -> date | None:
    """Take the day of an option; None where it was not given."""
    return None if given is None else given.date()


async def find_account(desk: Desk, name: str) -> AccountView:
    """Find the account that a person means by its number or key.

    Raises: InvalidInput when it is none or several, StoreUnavailable.
    """
    return choose_account(await desk.queries.accounts(USER), name)


def choose_account(listed: Sequence[AccountView], name: str) -> AccountView:
    """Choose the account that a person means by its number or key.

    Raises: InvalidInput when it is none or several.
    """
    found = [one for one in listed if name in (one.account_number, one.account_key)]
    if len(found) == 1:
        return found[0]
    named = ", ".join(f"{one.account_number} ({one.account_key})" for one in found or listed)
    raise InvalidInput(f"{len(found)} accounts are called {name!r}; there are: {named}")
