"""Every zip, unpacked into an empty folder, behind the real framework, called as in the cloud."""

import json
import os
import subprocess
import sys
from base64 import b64encode
from decimal import Decimal

import httpx
import pytest

from shared.brokers.alpaca.spec import SPEC
from shared.config import Settings
from shared.domain.execution import AssetClass, Execution, Side
from shared.domain.ids import UserId, account_key, row_key
from shared.domain.messages import ExecutionsObserved, ObservedRow
from shared.domain.row_body import row_body
from shared.domain.time import parse_instant
from shared.journal.connect.connections import Connections
from shared.journal.connect.vault import Vault
from shared.wiring.local import open_stack

pytestmark = pytest.mark.xdist_group("deployables")  # one set of processes, not one a worker

AT = parse_instant("2020-05-28T15:00:00Z")
ACCOUNT = account_key("alpaca", "paper", "A1")


def page(number: int) -> bytes:
    fill = Execution(
        execution_id=f"fill-{number}",
        symbol="SPY",
        root="SPY",
        asset_class=AssetClass.EQUITY,
        side=Side.BUY,
        quantity=Decimal(10),
        price=Decimal("300.5"),
        currency="USD",
        executed_at=AT,
    )
    key = row_key("alpaca", "paper", "A1", (fill.execution_id,))
    return ExecutionsObserved(
        user_id="local",
        connection_id="c1",
        broker="alpaca",
        environment="paper",
        account_id="A1",
        account_key=ACCOUNT,
        run=1,
        page=number,
        observed_at=AT,
        rows=(ObservedRow(key=key, row=row_body(fill)),),
    ).encode()


def push(data: bytes) -> dict[str, object]:
    message = {"data": b64encode(data).decode(), "messageId": "1", "attributes": {}}
    return {"subscription": "projects/p/subscriptions/s", "message": message}


def test_shared_is_imported_from_the_folder_of_the_zip(deployed):
    folder = deployed["store_executions"].folder
    probe = f"import sys; sys.path.append({str(folder)!r}); import shared; print(shared.__file__)"
    found = subprocess.run(
        [sys.executable, "-I", "-c", probe],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
    )
    assert found.stdout.strip() == str(folder / "shared" / "__init__.py")


def test_a_raw_push_is_stored_and_read_back_through_the_api(deployed):
    answer = deployed["store_executions"].call("POST", json=push(page(0)))
    listed = deployed["api"].call("GET", "/v1/executions").json()
    assert (answer.status_code, answer.content) == (204, b"")
    assert "fill-0" in json.dumps(listed)


def test_the_same_push_as_a_cloud_event_is_stored_once(deployed):
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "1",
        "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
        "ce-source": "//pubsub.googleapis.com/projects/p/topics/executions",
    }
    store = deployed["store_executions"]
    statuses = [
        store.call("POST", json=push(page(1)), headers=headers).status_code for _ in range(2)
    ]
    listed = deployed["api"].call("GET", "/v1/executions").text
    assert (statuses, listed.count('"fill-1"')) == ([204, 204], 1)


@pytest.mark.parametrize("name", ["store_executions", "build_journal", "sync_alpaca"])
def test_a_push_that_cannot_be_read_is_acknowledged_and_kept(deployed, name):
    answer = deployed[name].call("POST", json=push(b'{"version": 99}'))
    assert (answer.status_code, answer.content) == (204, b"")


def test_the_scheduler_ticks_a_broker(deployed):
    answer = deployed["sync_alpaca"].call("POST", json={"tick": True})
    assert (answer.status_code, answer.json()["due"]) == (200, 0)


async def test_fills_travel_from_the_broker_to_the_api_through_processes_of_their_own(
    deployed, state
):
    """Scheduler, sync, store, build, reconcile, api; the test is the bus, which is durable."""
    stack = open_stack(Settings(state_dir=state))
    base = stack.foundation
    vault = Vault(base.secrets, base.entropy)
    connections = Connections(base.documents, base.clock, base.entropy, vault)
    login = {"key_id": "K", "secret_key": "S"}
    await connections.create(UserId("local"), SPEC, "paper", "Paper", "api_key", login)

    async with httpx.AsyncClient(timeout=30) as http:

        async def push(endpoint: str, body: dict[str, object]) -> int:
            name = endpoint.rpartition("/")[2]
            return (await http.post(deployed[name].url, json=body)).status_code

        ticked = deployed["sync_alpaca"].call("POST", json={"tick": True}).json()
        drained = await stack.drain(push)
    await base.close()
    [verdict] = [
        one for one in deployed["reconcile"].call("POST").json()["accounts"] if one["lines"]
    ]
    held = deployed["api"].call("GET", "/v1/positions").json()["items"]
    assert (ticked["due"], drained.refused, verdict["state"]) == (1, 0, "agreed")
    assert [(one["symbol"], one["quantity"]) for one in held if one["symbol"] == "AAPL"] == [
        ("AAPL", "100")
    ]


def test_the_scheduler_refreshes_the_market_from_files(deployed):
    answer = deployed["refresh_market"].call("POST")
    assert answer.status_code == 200
    assert ["SPY", "1d", "files"] in [s[:3] for s in answer.json()["served"]], answer.json()


@pytest.mark.parametrize("name", ["reconcile", "score_bias"])
def test_the_scheduler_runs_a_job(deployed, name):
    assert deployed[name].call("POST").status_code == 200


def test_a_browser_gets_the_page(deployed):
    answer = deployed["web"].call("GET")
    assert (answer.status_code, "<title>Bias · Daybias</title>" in answer.text) == (200, True)


def test_a_browser_gets_the_board_of_all_21(deployed):
    answer = deployed["bias"].call("GET", "/v1/bias")
    assert (answer.status_code, len(answer.json()["entries"])) == (200, 21)


@pytest.mark.parametrize("name", ["api", "bias", "web"])
def test_a_page_under_another_name_is_refused(deployed, name):
    answer = deployed[name].call("GET", headers={"host": "evil.example"})
    assert answer.status_code == 403


def test_sigterm_ends_every_function_cleanly(deployed):
    """Last in this file: it stops what the others use."""
    codes = {name: function.stop() for name, function in deployed.items()}
    assert codes == dict.fromkeys(deployed, 0)
