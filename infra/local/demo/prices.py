"""The bars that the simulated traders trade in, from the openly licensed files."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from shared.domain.market.bars import Bar, Timeframe
from shared.market.providers.csv_files import CsvFiles

DATA = Path(__file__).parents[1] / "data"
_WANTED = (
    ("SPY", Timeframe.DAY),
    ("QQQ", Timeframe.DAY),
    ("IWM", Timeframe.DAY),
    ("AAPL", Timeframe.DAY),
    ("SPY", Timeframe.HOUR),
    ("AAPL", Timeframe.HOUR),
)


async def traded_bars(since: datetime, until: datetime) -> dict[str, Sequence[Bar]]:
    """Read the window's bars, keyed as `trades.orders` wants them."""
    files = CsvFiles(DATA)
    bars: dict[str, Sequence[Bar]] = {}
    for symbol, timeframe in _WANTED:
        series = await files.fetch(symbol, timeframe, since, until)
        bars[symbol if timeframe is Timeframe.DAY else f"{symbol}@1h"] = series.bars
    return bars
