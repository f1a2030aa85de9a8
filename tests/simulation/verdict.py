"""Whether the journal is what the brokers booked, once everything has settled."""

from decimal import Decimal

from shared.domain.ids import AccountKey, UserId
from shared.domain.time import to_micros
from shared.journal.queries import JournalQueries
from shared.journal.reconcile import Reconcile
from shared.journal.reconciliation.comparison import Agreement
from shared.ports import Body, Document, Key, Query
from tests.simulation.brokers import Login
from tests.simulation.engine_simulation import Engine
from tests.simulation.watch import Told, booking_id


async def wrong_with(engine: Engine, login: Login) -> list[str]:
    """List what is not as it must be in the accounts behind one login."""
    return [
        f"{key}: {fault}"
        for key in login.keys
        for fault in [
            *await _wrong_rows(engine, login.user, key),
            *await _wrong_positions(engine, login.user, key),
            *await _wrong_runs(engine, login.user, key),
        ]
    ]


async def left_of(engine: Engine, login: Login) -> list[str]:
    """List what is left of accounts that their user has erased."""
    faults = []
    for key in login.keys:
        for collection, order in (("executions", "at_us"), ("positions", "root")):
            if await read(engine, collection, order, login.user, key):
                faults.append(f"{key}: {collection} came back after it was erased")
    return faults


async def read(
    engine: Engine, collection: str, order: str | None, user: str, key: str
) -> list[Document]:
    where = {"account_key": key}
    query = Query(collection, (user,), where, order_by=order, limit=1000)
    return list((await engine.documents.scan(query)).documents)


async def _wrong_rows(engine: Engine, user: str, key: str) -> list[str]:
    rows = await read(engine, "executions", "at_us", user, key)
    stored = sorted(booking_id(row.body["body"]["execution_id"]) for row in rows)
    booked = sorted(b.booking_id for b in engine.documents.bookings if b.account_key == key)
    faults = [] if stored == booked else [f"booked {booked}, stored {stored}"]
    told = engine.brokers.told(key)
    for row in rows:
        body = row.body["body"]
        name = booking_id(body["execution_id"])
        if name in told and not _says(body, told[name]):
            faults.append(f"told is {told[name]}, stored is {body}")
    return faults


def _says(body: Body, told: Told) -> bool:
    """Tell whether a row shows its broker's last word; of a bust the figures mean nothing."""
    if told.status == "busted":
        return bool(body["status"] == told.status)
    figures = Decimal(body["quantity"]), Decimal(body["price"])
    at = None if told.at is None else body["executed_at"]
    shown = Told(told.booking_id, body["status"], body["symbol"], body["side"], *figures, at)
    return shown == told


async def _wrong_positions(engine: Engine, user: str, key: str) -> list[str]:
    queries = JournalQueries(engine.documents)
    found = await queries.positions(UserId(user), AccountKey(key))
    held: dict[str, Decimal] = {position.symbol: position.quantity for position in found}
    faults = [] if held == engine.brokers.held(key) else ["positions are not the broker's"]
    reconcile = Reconcile(engine.documents, engine.clock, engine.entropy)
    result = await reconcile.reconcile(UserId(user), AccountKey(key))
    if result.state is not Agreement.AGREED:
        faults.append(f"{result.state}: {result.reason}")
    return faults


async def _wrong_runs(engine: Engine, user: str, key: str) -> list[str]:
    runs = await read(engine, "runs", "run", user, key)
    faults = [
        f"run {run.body['run']} is {run.body['state']}"
        for run in runs
        if run.body["state"] not in ("closed", "abandoned")
    ]
    account = engine.documents.read(Key("accounts", (user, key)))
    # the last tick's run: what waited on locks or limits meanwhile took no more than a minute
    oldest = to_micros(engine.clock.now()) - 60_000_000
    if account is None or (account.body["cursor_us"] or 0) < oldest:
        faults.append("the cursor is not at the end")
    return faults
