"""The product: tick, sync, bus and store in one process over SQLite, up to the stored log.

Usage: daybias_loader.py BASE_URL FOLDER [journal]     ("journal" builds the projections too)
"""

import asyncio
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from infra.local.gateway import Gateway
from shared.brokers.alpaca.spec import SPEC
from shared.domain.ids import UserId
from shared.journal.connect.connections import Connections
from shared.journal.connect.vault import Vault
from shared.ports import Query

USER = UserId("local")
LOGIN = {"key_id": "PK1", "secret_key": "s1"}


async def count_rows(gateway: Gateway) -> int:
    rows, cursor = 0, None
    while True:
        query = Query("executions", (USER,), order_by="at_us", descending=True, cursor=cursor)
        page = await gateway.foundation.documents.scan(query)
        rows += len(page.documents)
        cursor = page.cursor
        if cursor is None:
            return rows


async def acknowledge(scope: Scope, receive: Receive, send: Send) -> None:
    """Stand where build_journal stands, and do nothing."""
    await Response(status_code=204)(scope, receive, send)


async def main(base_url: str, folder: Path, *, with_journal: bool) -> None:
    async with Gateway(folder / "state", broker_hosts={"alpaca:paper": base_url}) as gateway:
        if not with_journal:
            builder = gateway.functions["build_journal"]
            gateway.functions["build_journal"] = replace(builder, app=acknowledge)
        base = gateway.foundation
        vault = Vault(base.secrets, base.entropy)
        connections = Connections(base.documents, base.clock, base.entropy, vault)
        await connections.create(USER, SPEC, "paper", "benchmark", "api_key", LOGIN)
        began, busy = time.perf_counter(), time.process_time()
        await gateway.tick("alpaca")
        await gateway.drain()
        seconds, cpu_s = time.perf_counter() - began, time.process_time() - busy
        rows = await count_rows(gateway)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak_mb = int(status.partition("VmHWM:")[2].split()[0]) / 1024  # ru_maxrss has the parent's
    measured = {"rows": rows, "seconds": seconds, "cpu_s": cpu_s, "peak_mb": peak_mb}
    print(json.dumps(measured))


asyncio.run(main(sys.argv[1], Path(sys.argv[2]), with_journal=sys.argv[3:] == ["journal"]))
