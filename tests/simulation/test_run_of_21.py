"""A run of all 21 through the service, on real prices, with ten calls a second to give away."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.adapters.memory_cache import MemoryCache
from shared.bias.compute import Sources
from shared.bias.rounds.update import UpdateRound
from shared.bias.serving.service import BiasService
from shared.config import BiasSettings
from shared.market.providers.csv_files import CsvFiles
from shared.market.refresh import RefreshMarket
from shared.market.registry import load_instruments
from shared.market.store import MarketStore
from tests.real_days import ALL_AT_HAND, DATA
from tests.simulation.provider_day import ProviderDay

MORNING = datetime(2023, 8, 30, 12, 15, tzinfo=UTC)  # after 08:00 New York
CALLS = 10
LONGEST_S = 120.0


async def service_over(day: ProviderDay, folder: Path) -> BiasService:
    """Bring the daily prices of the folder into the day's store; the models are the day's."""
    store = MarketStore(day.documents, day.clock, day.entropy)
    (folder / "daily").symlink_to(DATA / "daily")
    await RefreshMarket(store, day.clock, [CsvFiles(folder)], None).refresh()
    ports = day.documents, MemoryCache(day.clock), day.clock, day.entropy
    deadline_s = BiasSettings().deadline_s
    return BiasService(
        Sources(store, *ports), day.router, load_instruments(), deadline_s=deadline_s
    )


async def test_all_21_are_written_by_the_model_and_no_second_holds_more_than_ten_calls(tmp_path):
    if not ALL_AT_HAND:
        pytest.skip(f"{DATA} is not here: the open prices are of 13 instruments only")
    day = ProviderDay(0.0, 0.0, calls=CALLS, start=MORNING)
    service = await service_over(day, tmp_path)
    running = asyncio.create_task(UpdateRound(service, load_instruments()).run())
    await day.clock.step(LONGEST_S)
    report = await running
    starts = sorted(day.models[0].started)
    took_s = starts[-1] - starts[0]
    print(f"\n21 instruments: {len(starts)} calls, the last one {took_s:.0f} s after the first")  # noqa: T201 - the run's figure
    assert sorted(report.written) == sorted(load_instruments())
    assert len(starts) == 21 * 6
    assert all(b - a > 0.999 for a, b in zip(starts, starts[CALLS:], strict=False))
