"""A process that dies while texts are taken in costs time, never a text."""

import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from shared.domain.passage import PassageKind
from shared.market.news import NewsItem
from shared.retrieval.shelves import alias_of
from tests.flows.bias import killed_ingestion
from tests.flows.bias.killed_ingestion import NOON, SOURCE, Room, room

ROOT = Path(__file__).parents[3]
ARTICLES = 130  # two pages: batches of 64 and 36, and one of 30


def article(number: int) -> NewsItem:
    return NewsItem(
        id=str(number),
        source=SOURCE,
        published_at=NOON,
        updated_at=NOON,
        headline=f"Story {number}",
        summary="",
        url="",
        symbols=("SPY",),
    )


async def titles(opened: Room) -> list[str]:
    points = await opened.shelves.index.walk(alias_of(PassageKind.NEWS), limit=999)
    return sorted(point.payload["title"] for point in points)


@pytest.mark.parametrize(
    ("batches", "kept"),
    [(1, 64), (3, 130)],
    ids=["amid a page", "before the last cursor moves"],
)
async def test_the_next_run_brings_all_and_embeds_only_what_was_not_there(
    tmp_path: Path, batches: int, kept: int
) -> None:
    async with room(tmp_path) as opened:
        for number in range(ARTICLES):
            minutes = timedelta(minutes=ARTICLES - number)
            await opened.news.put([article(number)], NOON - minutes)
    program = [sys.executable, "-m", killed_ingestion.__name__, str(tmp_path), str(batches)]
    assert subprocess.run(program, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    async with room(tmp_path) as opened:
        assert len(await titles(opened)) == kept
        await opened.ingestion.make_ready()
        await opened.ingestion.take_in()
        assert await titles(opened) == sorted(f"Story {n}" for n in range(ARTICLES))
        assert opened.embedder.embedded == ARTICLES - kept
