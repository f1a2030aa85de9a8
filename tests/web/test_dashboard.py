"""The dashboard in a real browser, over the replayed day; deselected unless `-m browser`."""

import asyncio
import contextlib
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from infra.local.demo.prices import DATA
from infra.local.demo.scenario import FRIDAY_PRE_OPEN, connect, write_scenario
from infra.local.gateway import Gateway
from infra.local.replay_clock import ReplayClock
from infra.simulators.brokers.transport import SimulatorTransport

pytestmark = pytest.mark.browser

NOTICE = "Replay for a test."
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-sync", "--disable-background-networking", "--disable-component-update"),
    "--enable-logging=stderr",
)


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no chromium on this machine (Debian: apt-get install chromium)")
    return found


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the replay at 08:15 from a thread."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(lambda: None, host="127.0.0.1", port=port, log_level="error")
    )
    ready = threading.Event()

    async def run() -> None:
        clock = ReplayClock(FRIDAY_PRE_OPEN)
        world = (await write_scenario(clock)).world
        async with Gateway(
            tmp_path_factory.mktemp("web"),
            clock=clock,
            transport=SimulatorTransport(world.handle),
            data_dir=DATA,
            notice=NOTICE,
        ) as gateway:
            await connect(gateway)
            await gateway.tick("alpaca")
            await gateway.drain()
            await gateway.run("reconcile")
            await gateway.run("refresh_market")
            server.config.app = gateway.app
            server.config.lifespan = "off"
            ready.set()
            await server.serve()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(60)
    yield f"http://127.0.0.1:{port}/"
    server.should_exit = True
    thread.join(20)


def visit(chromium: str, profile: Path, address: str) -> tuple[str, str]:
    """Open a page and let its scripts run; return it, and what the browser complained about."""
    done = subprocess.run(
        [
            chromium,
            *FLAGS,
            f"--user-data-dir={profile}",
            "--virtual-time-budget=15000",
            "--dump-dom",
            address,
        ],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def page(chromium: str, address: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return visit(chromium, tmp_path_factory.mktemp("profile"), address)


@pytest.fixture(scope="module")
def levels(
    chromium: str, address: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str]:
    profile = tmp_path_factory.mktemp("profile-levels")
    return visit(chromium, profile, f"{address}service-levels")


@pytest.fixture(scope="module")
def card(chromium: str, address: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return visit(chromium, tmp_path_factory.mktemp("profile-card"), f"{address}scorecard")


def cards(dom: str) -> int:
    return len(re.findall(r'<article class="row"', dom))


def test_the_board_shows_thirteen_biases(page: tuple[str, str]) -> None:
    assert cards(page[0]) == 13


def test_the_board_says_why_eight_have_none(page: tuple[str, str]) -> None:
    assert "8 instruments without a bias" in page[0]


def test_the_page_says_that_it_is_a_replay(page: tuple[str, str]) -> None:
    assert NOTICE in page[0]


def test_every_account_agrees_with_its_broker(page: tuple[str, str]) -> None:
    assert page[0].count("agrees with the broker") == 3


def test_the_browser_has_nothing_to_complain_about(page: tuple[str, str]) -> None:
    complaints = [line for line in page[1].splitlines() if "CONSOLE" in line]
    assert complaints == []


def test_the_market_data_are_shown_with_their_source_and_age(page: tuple[str, str]) -> None:
    section = page[0].split('id="market-title"')[1]
    assert re.search(r"\d+ series from files; 0 failures", section)
    assert re.search(r"<td[^>]*>SPY</td><td[^>]*>1d</td><td[^>]*>files</td>", section)
    assert "YM, CL, NG" in section


def test_the_scorecard_says_what_is_not_known_yet(card: tuple[str, str]) -> None:
    assert "No forecast counts yet" in card[0]
    assert "Not measured yet." in card[0]


def test_the_browser_has_nothing_to_complain_about_in_the_scorecard(card: tuple[str, str]) -> None:
    assert [line for line in card[1].splitlines() if "CONSOLE" in line] == []


def test_the_service_levels_come_with_their_counts(levels: tuple[str, str]) -> None:
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", levels[0])
    assert cells[0] == "alpaca"
    assert re.fullmatch(r"[\d.]+% \(\d+ of \d+\).*", cells[2])


def test_the_browser_has_nothing_to_complain_about_in_the_service_levels(
    levels: tuple[str, str],
) -> None:
    assert [line for line in levels[1].splitlines() if "CONSOLE" in line] == []
