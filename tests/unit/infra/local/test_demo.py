"""What the demo does with broken promises, and with a bus that may misbehave."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from infra.local.demo.checks import Checks
from infra.local.demo.mischief import MischievousBus
from infra.local.replay_clock import ReplayClock
from shared.ports import Outgoing

PAGES = [Outgoing("executions", bytes([n])) for n in range(4)]
START = datetime(2020, 5, 28, 21, 5, tzinfo=UTC)


class Recorder:
    """Remembers what was published, in order."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        self.seen += [message.data for message in messages]

    async def close(self) -> None:
        self.seen.clear()


async def publish_all(bus: MischievousBus) -> None:
    for page in PAGES:
        await bus.publish([page])


async def test_an_unarmed_bus_is_honest() -> None:
    inner = Recorder()
    await publish_all(MischievousBus(inner))
    assert inner.seen == [b"\x00", b"\x01", b"\x02", b"\x03"]


async def test_an_armed_bus_doubles_the_first_page_and_holds_back_the_second() -> None:
    inner = Recorder()
    bus = MischievousBus(inner)
    bus.arm()
    await publish_all(bus)
    assert inner.seen == [b"\x00", b"\x00", b"\x02", b"\x03"]


async def test_a_held_page_comes_after_everything_else() -> None:
    inner = Recorder()
    bus = MischievousBus(inner)
    bus.arm()
    await publish_all(bus)
    await bus.release()
    assert inner.seen[-1] == b"\x01"


async def test_only_pages_of_executions_are_touched() -> None:
    inner = Recorder()
    bus = MischievousBus(inner)
    bus.arm()
    await bus.publish([Outgoing("journal-changes", b"a"), Outgoing("journal-changes", b"b")])
    assert inner.seen == [b"a", b"b"]


def test_kept_promises_end_with_code_0() -> None:
    checks = Checks()
    checks.expect("equal", kept=True, seen="3 of 3")
    assert checks.exit_code == 0


def test_one_broken_promise_ends_with_another_code_and_says_what_was_seen() -> None:
    checks = Checks()
    checks.expect("equal", kept=True, seen="3 of 3")
    checks.expect("closed", kept=False, seen="2 runs open")
    assert (checks.exit_code, checks.failed) == (1, ["closed (2 runs open)"])


async def test_sleeping_moves_a_replayed_clock() -> None:
    clock = ReplayClock(START)
    await clock.sleep(90)
    assert clock.now() == START + timedelta(seconds=90)


def test_moving_a_replayed_clock_lets_time_to_live_run_out() -> None:
    clock = ReplayClock(START)
    before = clock.monotonic()
    clock.move_to(START + timedelta(minutes=6))
    assert clock.monotonic() - before >= 360


def test_a_replay_never_runs_backwards() -> None:
    with pytest.raises(ValueError, match="before it"):
        ReplayClock(START).move_to(START - timedelta(seconds=1))
