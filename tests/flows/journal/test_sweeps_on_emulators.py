"""The hourly sweeps over Firestore: the figures of the twin, and what 400 accounts cost."""

import time

import pytest

from shared.adapters.firestore_documents import FirestoreDocuments
from shared.journal.reconcile import Reconcile
from shared.ports import Create, Key, Query
from shared.scanning import every
from tests.brokers.desk import USER
from tests.flows.journal.test_service_levels_flow import Street, figures

pytestmark = pytest.mark.emulator

ACCOUNTS = 400
_BATCH = 400


async def copy_users(documents: FirestoreDocuments) -> None:
    """Give what one user has to as many others as make the accounts."""
    collections = ("accounts", "connections", "coverage", "runs", "position_reports", "positions")
    found = [one for name in collections async for one in every(documents, Query(name, (USER,)))]
    copies = [
        Create(Key(one.key.collection, (f"user-{number:03d}x", *one.key.path[1:])), one.body)
        for number in range(ACCOUNTS // 2 - 1)
        for one in found
    ]
    for first in range(0, len(copies), _BATCH):
        await documents.commit(copies[first : first + _BATCH])


async def test_the_levels_are_those_of_the_twin(firestore: FirestoreDocuments) -> None:
    twin, street = Street(), Street(firestore)
    for one in (twin, street):
        await one.open()
        await one.until(1)
        await one.swept()
    levels, expected = await street.shown(), await twin.shown()
    assert {key: figures(level) for key, level in levels.items()} == {
        key: figures(level) for key, level in expected.items()
    }


@pytest.mark.timeout(600)  # the accounts are laid down first; each sweep has its own bound below
async def test_an_hours_sweeps_over_400_accounts_take_seconds(
    firestore: FirestoreDocuments,
) -> None:
    street = Street(firestore)
    await street.open()
    await street.until(1)
    await copy_users(firestore)
    reconcile = Reconcile(firestore, street.clock, street.alpaca.entropy)
    took = []
    for sweep in (street.levels.sweep, reconcile.sweep, street.levels.sweep):
        began = time.monotonic()
        await sweep()
        took.append(time.monotonic() - began)
    first, compared, again = took
    print(  # noqa: T201 - what was measured
        f"\n{ACCOUNTS} accounts: levels {first:.1f} s, again {again:.1f} s,"
        f" reconciliation {compared:.1f} s"
    )
    assert (await street.levels.sweep()).accounts == ACCOUNTS
    assert max(took) < 120
