"""Composition root of refresh_market."""

from starlette.applications import Starlette

from shared.config import BiasSettings, load
from shared.http.consumer_app import job_app
from shared.http.delegate import Delegate
from shared.market.csv_calendar import CsvCalendar
from shared.market.csv_files import CsvFiles
from shared.market.refresh import RefreshMarket
from shared.market.store import MarketStore
from shared.wiring.foundation import Foundation, shut_doors, stand_on


def market_function() -> Delegate:
    """Make the function that brings bars and the calendar up to now."""
    return Delegate(build_market)


def build_market(
    *, settings: BiasSettings | None = None, foundation: Foundation | None = None
) -> Starlette:
    """Put the app together.

    Raises: ConfigError.
    """
    settings = settings or load(BiasSettings)
    base, lifespan = stand_on(settings, foundation)
    use_case = market_refresh(settings, base)
    app = job_app("refresh_market", use_case.refresh, lifespan=lifespan)
    return shut_doors(app, settings)


def market_refresh(settings: BiasSettings, base: Foundation) -> RefreshMarket:
    """Make the use case; without a data folder no provider serves, and its report says so."""
    folder = settings.data_dir
    return RefreshMarket(
        MarketStore(base.documents, base.clock, base.entropy),
        base.clock,
        [] if folder is None else [CsvFiles(folder)],
        None if folder is None else CsvCalendar(folder),
    )
