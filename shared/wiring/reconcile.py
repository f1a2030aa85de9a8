"""Composition root of reconcile."""

from starlette.applications import Starlette

from shared.config import Settings, load
from shared.http.consumer_app import job_app
from shared.http.delegate import Delegate
from shared.journal.reconcile import Reconcile
from shared.journal.reconciliation.comparison import Reconciliation
from shared.wiring.foundation import Foundation, shut_doors, stand_on


def reconcile_function() -> Delegate:
    """Make the function that holds the brokers' positions against ours."""
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

    async def sweep() -> dict[str, list[Reconciliation]]:
        return {"accounts": await use_case.sweep(None)}

    return shut_doors(job_app("reconcile", sweep, lifespan=lifespan), settings)
