"""Every figure is the same whatever screen, export or API asks, net and gross by their names."""

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from shared.cli.main import app as cli
from shared.config import BrokerSettings, Settings
from shared.http.identity import LOCAL_USER
from shared.wiring.local import open_stack
from shared.wiring.roots.api import build_api
from tests.house import House
from tests.rows import account_document, event, fill, page

DAY = 24 * 60


@pytest.fixture
async def asked(tmp_path: Path) -> dict[str, Any]:
    """What each door says of one small journal: two days, a trip still open, a fee of a day."""
    settings = Settings(state_dir=tmp_path / "state")
    stack = open_stack(settings)
    base = stack.foundation
    house = House(base.documents)
    await base.documents.commit([account_document(LOCAL_USER)])
    rows = [
        fill("w1", "10", "300.25", fee="1.1"),
        fill("w2", "-10", "305", minute=5, fee="1.2"),
        fill("l1", "-7", "300", minute=DAY),
        fill("l2", "7", "303.333", minute=DAY + 5, fee="0.7"),
        fill("o1", "5", "100", minute=DAY, symbol="QQQ", fee="0.3"),
        fill("o2", "-2", "101.5", minute=DAY + 1, symbol="QQQ"),
        event("fee", "-0.45"),
    ]
    await house.store.store(page(rows, user=LOCAL_USER))
    await house.settle()
    api = build_api(settings=BrokerSettings(state_dir=tmp_path / "state"), foundation=base)
    transport = httpx.ASGITransport(api)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        found = {
            path: (await client.get(f"/v1/{path}")).text
            for path in ("summary", "performance", "exports/days", "exports/round-trips")
        }
    await base.close()
    return found


def total(text: str, *names: str) -> Decimal:
    rows = csv.DictReader(text.splitlines())
    signs = [(name.lstrip("-"), -1 if name.startswith("-") else 1) for name in names]
    return sum(
        (sign * Decimal(row[name] or "0") for row in rows for name, sign in signs), Decimal(0)
    )


def usd(asked: dict[str, Any]) -> dict[str, Any]:
    (found,) = json.loads(asked["summary"])["totals"]
    return dict(found)


def report(asked: dict[str, Any]) -> dict[str, Any]:
    (found,) = json.loads(asked["performance"])["currencies"]
    return dict(found)


def test_gross_is_one_figure(asked: dict[str, Any]) -> None:
    gross = Decimal(usd(asked)["gross"])
    assert gross == Decimal("47.5") - Decimal("23.331") + 3
    assert gross == total(asked["exports/days"], "gross")


def test_net_of_all_days_is_one_figure(asked: dict[str, Any]) -> None:
    net = Decimal(usd(asked)["net"])
    assert net == Decimal("27.169") - Decimal("3.3") - Decimal("0.45")
    assert net == total(asked["exports/days"], "gross", "-fees", "-day_fees")
    assert net == Decimal(report(asked)["curve"]["points"][-1]["equity"])
    assert net == Decimal(json.loads(asked["performance"])["summary"]["totals"][0]["net"])


def test_net_of_closed_round_trips_is_one_figure(asked: dict[str, Any]) -> None:
    figures = report(asked)["figures"]
    closed = [
        row for row in csv.DictReader(asked["exports/round-trips"].splitlines()) if row["closed_at"]
    ]
    net = sum((Decimal(row["net"]) for row in closed), Decimal(0))
    assert net == Decimal(figures["net"]) == total(asked["exports/days"], "won", "-lost")
    assert Decimal(figures["gross"]) - Decimal(figures["fees"]) == net


@pytest.mark.parametrize("name", ["win_rate", "profit_factor", "expectancy", "round_trips", "wins"])
def test_a_ratio_is_one_figure(asked: dict[str, Any], name: str) -> None:
    assert usd(asked)[name] == report(asked)["figures"][name]


def test_the_command_line_shows_the_same(asked: dict[str, Any], tmp_path: Path) -> None:
    runner = CliRunner(env={"DAYBIAS_STATE_DIR": str(tmp_path / "state"), "COLUMNS": "200"})
    assert usd(asked)["net"] in runner.invoke(cli, ["journal"]).output
    assert report(asked)["figures"]["net"] in runner.invoke(cli, ["performance"]).output
