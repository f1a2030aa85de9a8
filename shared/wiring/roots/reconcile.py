"""Composition root of reconcile."""

from typing import Any

from starlette.applications import Starlette

from shared.config import Settings, load
from shared.http.consumers.app import job_app
from shared.http.delegate import Delegate
from shared.journal.reconcile import Reconcile
from shared.journal.service_levels.sweep import SweepServiceLevels
from shared.wiring.brokers import SPECS
from shared.wiring.foundation import Foundation, shut_doors, stand_on


def reconcile_function() -> Delegate:
    """Make the function that holds the brokers' positions against ours and sums up service."""
    return Delegate(build_reconcile)


def build_reconcile(
    *, settings: Settings | None = None, foundation: Foundation | None = None
) -> Starlette:
    """Put the app together.

    Raises: ConfigError.
    """
    settings = settings or load(Settings)
    base, lifespan = stand_on(settings, foundation)
    use_case = Reconcile(base.documents, base.clock, base.entropy)
    schedules = {spec.name: spec.schedule for spec in SPECS.values()}
    levels = SweepServiceLevels(base.documents, base.clock, base.entropy, schedules)

    async def sweep() -> dict[str, Any]:
        accounts = await use_case.sweep(None)
        return {"accounts": accounts, "service_levels": await levels.sweep()}

    return shut_doors(job_app("reconcile", sweep, lifespan=lifespan), settings)
