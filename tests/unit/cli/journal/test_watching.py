from datetime import UTC, datetime

from rich.console import Console

from shared.cli.journal.watching import screen
from shared.domain.ids import ConnectionId, UserId
from shared.domain.sync.connection import Connection, ConnectionState, Health
from shared.journal.watching.pace import Pace
from shared.journal.watching.watcher import Ear, Watched

AT = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)


def shown(*watched: Watched) -> str:
    console = Console(width=160)
    with console.capture() as captured:
        console.print(screen(watched))
    return captured.get()


def watched() -> Watched:
    connection = Connection(
        user_id=UserId("local"),
        connection_id=ConnectionId("c1"),
        broker="oanda",
        environment="practice",
        label="mine",
        auth="api_key",
        sealed="",
        health=Health(state=ConnectionState.ACTIVE, since=AT),
        created_at=AT,
        login_at=AT,
        next_due_at=AT,
    )
    return Watched(connection, Pace(0.0))


def test_the_screen_tells_the_stream_and_the_last_sync_in_new_york_time() -> None:
    one = watched()
    one.ear, one.why, one.synced_at, one.result = Ear.BROKEN, "the stream ended", AT, "complete"
    line = next(line for line in shown(one).splitlines() if "mine" in line)
    assert all(text in line for text in ("broken: the stream ended", "10:00:00", "complete"))


def test_without_a_connection_the_screen_says_how_to_make_one() -> None:
    assert "daybias connections add" in shown()
