"""Two operating-system processes over one store: the model is asked by one of them."""

import json
import subprocess
import sys
from pathlib import Path

from infra.simulators.models.gemini import GeminiSimulator
from infra.simulators.models.http_door import HttpDoor
from infra.simulators.models.script import author, late
from shared.adapters.sqlite.sqlite_documents import SqliteDocuments
from shared.market.providers.csv_calendar import CsvCalendar
from shared.market.providers.csv_files import CsvFiles
from shared.market.refresh import RefreshMarket
from shared.market.store import MarketStore
from tests.markets import DATA, THURSDAY_EVENING
from tests.twins.manual_clock import ManualClock
from tests.twins.seeded_entropy import SeededEntropy

ROOT = Path(__file__).parents[3]
LATENCY_S = 0.5  # long enough for the other process to come upon a flight


async def refreshed(store: Path) -> None:
    documents, clock = SqliteDocuments(store), ManualClock(THURSDAY_EVENING)
    market = MarketStore(documents, clock, SeededEntropy())
    await RefreshMarket(market, clock, [CsvFiles(DATA)], CsvCalendar(DATA)).refresh()
    await documents.close()


def instance(store: Path, url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.flows.bias.one_instance", str(store), url]
    return subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


async def test_six_questions_are_asked_for_the_answers_of_two_processes(tmp_path):
    store = tmp_path / "documents.sqlite3"
    await refreshed(store)
    simulator = GeminiSimulator(otherwise=late(author, LATENCY_S))
    with HttpDoor(simulator) as door:
        both = [instance(store, door.url) for _ in range(2)]
        assert [one.stdout.readline() for one in both] == ["ready\n"] * 2
        for one in both:
            one.stdin.write("go\n")
            one.stdin.flush()
        answers = [json.loads(one.communicate(timeout=60)[0]) for one in both]
    assert len({answer["hash"] for answer in answers}) == 1
    assert {answer["by"] for answer in answers} == {"gemini"}
    assert sorted(answer["cache"] for answer in answers) == ["fresh", "stored"]
    assert len(simulator.requests) == 6
