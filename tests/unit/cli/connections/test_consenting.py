"""A consent from the terminal: the browser is a thread that follows the simulator's redirects."""

import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from infra.simulators.brokers.http_door import serve
from infra.simulators.brokers.schwab.world import SchwabWorld
from infra.simulators.brokers.tradestation.world import TradeStationWorld
from infra.simulators.brokers.wire import Call
from infra.simulators.brokers.world import World
from shared.cli.main import app

Run = Callable[..., Result]
SECRETS = ("our-app", "hush-hush")


def go(world: World, address: str) -> str:
    """Consent at the broker; return where the browser is sent."""
    url = urlsplit(address)
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    return world.handle(Call("GET", url.netloc, url.path, query, {})).headers["location"]


@pytest.fixture
def callback() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://localhost:{probe.getsockname()[1]}"


@pytest.fixture
def world(callback: str) -> TradeStationWorld:
    world = TradeStationWorld(lambda: datetime.now(UTC))
    world.add_key(*SECRETS).redirect_uri = callback
    world.add_account("11223344")
    return world


def runner_of(state: Path, broker: str, url: str) -> Run:
    environment = {
        "DAYBIAS_STATE_DIR": str(state),
        "DAYBIAS_BROKER_HOSTS": json.dumps({f"{broker}:live": url}),
        f"DAYBIAS_{broker}_CLIENT_ID".upper(): SECRETS[0],
        f"DAYBIAS_{broker}_CLIENT_SECRET".upper(): SECRETS[1],
        "COLUMNS": "200",
    }
    runner = CliRunner(env=environment)
    return lambda *words, typed=None: runner.invoke(app, words, input=typed, env=environment)


@pytest.fixture
def daybias(tmp_path: Path, world: TradeStationWorld) -> Iterator[Run]:
    with serve(world.handle) as url:
        yield runner_of(tmp_path / "state", "tradestation", url)


@pytest.fixture
def browser(world: TradeStationWorld, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Consent at whatever is opened, and come back; lists what was opened."""
    opened: list[str] = []

    def launch(address: str) -> int:
        opened.append(address)
        back = go(world, address).replace("localhost", "127.0.0.1")
        Thread(target=httpx.get, args=(back,)).start()
        return 0

    monkeypatch.setattr(typer, "launch", launch)
    return opened


def listed(daybias: Run) -> str:
    return daybias("connections", "list").stdout


def test_a_consent_makes_a_connection(daybias: Run, browser: list[str], callback: str) -> None:
    registered = daybias("connections", "register", "tradestation", "--redirect-uri", callback)
    made = daybias("connections", "consent", "tradestation", "--label", "mine")
    assert (registered.exit_code, made.exit_code) == (0, 0), made.output
    assert ("mine" in listed(daybias), len(browser)) == (True, 1)
    tested = daybias("connections", "test", "mine")
    assert "reaches 1 accounts" in tested.stdout


def test_a_consent_shows_no_secret(daybias: Run, browser: list[str], callback: str) -> None:
    said = daybias("connections", "register", "tradestation", "--redirect-uri", callback).output
    said += daybias("connections", "consent", "tradestation").output
    assert SECRETS[1] not in said


def test_a_connection_is_signed_in_again(daybias: Run, browser: list[str], callback: str) -> None:
    daybias("connections", "register", "tradestation", "--redirect-uri", callback)
    daybias("connections", "consent", "tradestation", "--label", "mine")
    again = daybias("connections", "consent", "tradestation", "--again", "mine")
    assert (again.exit_code, listed(daybias).count("mine")) == (0, 1)


def test_a_broker_without_a_consent_is_refused_with_those_that_have_one(daybias: Run) -> None:
    refused = daybias("connections", "consent", "oanda")
    assert (refused.exit_code, "tradestation" in refused.output) == (2, True)


def test_what_cannot_be_a_registration_is_not_kept(daybias: Run) -> None:
    refused = daybias("connections", "register", "tradestation", "--redirect-uri", "nowhere")
    assert (refused.exit_code, "redirect_uri" in refused.stderr) == (1, True)
    assert SECRETS[1] not in refused.output


@pytest.fixture
def schwab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Run, SchwabWorld]]:
    """A broker that comes back over TLS, where nobody listens."""
    world = SchwabWorld(lambda: datetime.now(UTC))
    world.add_app(*SECRETS)
    world.add_account("12345678")
    with serve(world.handle) as url:
        yield runner_of(tmp_path / "state", "schwab", url), world


def test_a_return_that_nobody_can_answer_is_pasted(
    schwab: tuple[Run, SchwabWorld], monkeypatch: pytest.MonkeyPatch
) -> None:
    daybias, world = schwab
    shown: list[str] = []
    monkeypatch.setattr(typer, "launch", shown.append)
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: go(world, shown[-1]))
    made = daybias("connections", "consent", "schwab", "--label", "mine")
    assert (made.exit_code, "mine" in listed(daybias)) == (0, True), made.output


def test_an_address_that_came_from_another_consent_is_refused(
    schwab: tuple[Run, SchwabWorld], monkeypatch: pytest.MonkeyPatch
) -> None:
    daybias, _ = schwab
    monkeypatch.setattr(typer, "launch", lambda _: 0)
    pasted = "https://127.0.0.1:8182/?code=C0.x%40&state=another"
    refused = daybias("connections", "consent", "schwab", typed=f"{pasted}\n")
    assert (refused.exit_code, "begin again" in refused.stderr) == (1, True)
