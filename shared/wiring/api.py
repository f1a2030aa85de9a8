"""Composition root of api."""

from starlette.applications import Starlette

from shared.config import Settings, load
from shared.http.api_app import api_app
from shared.http.delegate import Delegate
from shared.http.identity import identify_local, identify_nobody
from shared.journal.queries import JournalQueries
from shared.wiring.foundation import Foundation, shut_doors, stand_on


def api_function() -> Delegate:
    """Make the function that serves the journal."""
    return Delegate(build_api)


def build_api(
    *, settings: Settings | None = None, foundation: Foundation | None = None
) -> Starlette:
    """Put the app together.

    Raises: ConfigError.
    """
    settings = settings or load(Settings)
    base, lifespan = stand_on(settings, foundation)
    identify = identify_local if settings.profile == "local" else identify_nobody
    app = api_app(JournalQueries(base.documents), identify, lifespan=lifespan)
    return shut_doors(app, settings)
