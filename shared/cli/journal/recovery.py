"""`daybias backup`, `restore`, `rebuild`, `erase`, `integrity`: whole journals in any store."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from shared.cli import screens
from shared.cli.terminal import choose_account, failing_aloud, out, table
from shared.domain.ids import UserId
from shared.domain.time import iso
from shared.http.identity import LOCAL_USER
from shared.journal.archive.archive import Manifest
from shared.journal.integrity.fault import Fault
from shared.wiring.journal.archives import archive_in
from shared.wiring.journal.recovery import Recovery, open_recovery

_T = TypeVar("_T")
_User = Annotated[str, typer.Option("--user", help="whose journal; on your own machine: yours")]
_Folder = Annotated[Path, typer.Argument(file_okay=False, help="the archive's folder")]


def backup(folder: _Folder, user: _User = LOCAL_USER) -> None:
    """Write the whole journal to a folder: JSON Lines in zstd, without credentials."""

    async def work(use: Recovery) -> Manifest:
        return await use.backup.write(UserId(user), archive_in(folder))

    _show(at_store(work), f"Archive in {folder}")


def restore(
    folder: _Folder,
    user: _User = LOCAL_USER,
    replace: Annotated[
        bool, typer.Option("--replace", help="remove first what the store has of this user")
    ] = False,
) -> None:
    """Bring an archive back, verified whole before anything is written; then sign in again."""

    async def work(use: Recovery) -> Manifest:
        return await use.restore.read(UserId(user), archive_in(folder), replace=replace)

    _show(at_store(work), f"Restored from {folder}")
    out.print("The logins wait for you to sign in again: an archive holds no credentials.")


def rebuild(
    user: _User = LOCAL_USER,
    as_of: Annotated[
        datetime | None, typer.Option(help="only show the journal as it was known then (UTC)")
    ] = None,
) -> None:
    """Throw away what is computed (round trips, positions, days) and compute it from the log."""
    if as_of is not None:
        then = as_of.replace(tzinfo=UTC)
        found = at_store(lambda use: use.as_of.journal(UserId(user), then))
        out.print(screens.figures(found.summary))
        out.print(screens.positions(found.positions))
        return
    done = at_store(lambda use: use.rebuild.rebuild(UserId(user)))
    out.print(f"{done.rebuilt} of {done.roots} instruments built anew, {done.writes} documents.")


def erase(
    user: _User = LOCAL_USER,
    account: Annotated[
        str | None, typer.Option(help="only this account, by its number or key; its login stays")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Erase everything of a user, for good: logins, log, journal. Archives are yours to delete."""
    what = f"everything of {user!r}" if account is None else f"account {account} of {user!r}"
    if not yes:
        typer.confirm(f"Erase {what}? It cannot be undone", abort=True)
    if account is not None:
        at_store(lambda use: _erase_account(use, UserId(user), account))
        out.print(f"Account {account} is erased; a login that reaches it reads it anew.")
        return
    count = at_store(lambda use: use.erasure.erase(UserId(user)))
    out.print(f"{count} documents erased; a tombstone keeps what is under way from coming back.")


async def _erase_account(use: Recovery, user: UserId, name: str) -> None:
    found = choose_account(await use.queries.accounts(user), name)
    await use.accounts.erase(user, found.account_key)


def integrity(user: _User = LOCAL_USER) -> None:
    """Check every invariant of the store; end with status 1 where one is broken."""

    async def work(use: Recovery) -> list[Fault]:
        return [fault async for fault in use.integrity.faults(UserId(user))]

    found = at_store(work)
    if not found:
        out.print("Every invariant holds.")
        return
    shown = table("Broken invariants", "check", "document", "found")
    for fault in found:
        shown.add_row(fault.check.value, fault.place, fault.found)
    out.print(shown)
    raise typer.Exit(1)


def at_store(work: Callable[[Recovery], Awaitable[_T]]) -> _T:
    """Work on the store of the profile; an error of ours is told, and ends with status 1."""

    async def run() -> _T:
        async with open_recovery() as use:
            return await work(use)

    with failing_aloud():
        return asyncio.run(run())


def _show(manifest: Manifest, title: str) -> None:
    shown = table(f"{title} ({iso(manifest.made_at)})", "part", "documents", "sha-256")
    for name, part in manifest.parts.items():
        if part.documents:
            shown.add_row(name, str(part.documents), part.sha256[:16])
    out.print(shown)


COMMANDS = (backup, restore, rebuild, erase, integrity)
