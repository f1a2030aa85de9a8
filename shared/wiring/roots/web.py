"""Composition root of web."""

from starlette.applications import Starlette

from shared.config import Settings, load
from shared.http.delegate import Delegate
from shared.http.web_app import web_app
from shared.wiring.foundation import Foundation, shut_doors, stand_on


def web_function() -> Delegate:
    """Make the function that serves the dashboard."""
    return Delegate(build_web)


def build_web(
    *,
    settings: Settings | None = None,
    foundation: Foundation | None = None,
    notice: str | None = None,
) -> Starlette:
    """Put the app together; `notice` is what the page must say of itself (a replay).

    Raises: ConfigError.
    """
    settings = settings or load(Settings)
    base, lifespan = stand_on(settings, foundation)
    app = web_app(base.clock, profile=settings.profile, notice=notice, lifespan=lifespan)
    return shut_doors(app, settings)
