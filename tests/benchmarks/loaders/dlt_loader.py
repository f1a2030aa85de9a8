"""dlt with its REST client: the same pages merged by id into DuckDB.

Usage: dlt_loader.py BASE_URL FOLDER     (in .venv-bench-dlt; sends no telemetry)
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"

import dlt
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import BasePaginator

HEADERS = {"APCA-API-KEY-ID": "PK1", "APCA-API-SECRET-KEY": "s1"}
PARAMS = {"after": "2020-01-01T00:00:00Z", "direction": "asc", "page_size": "100"}


class LastId(BasePaginator):
    """The next page begins behind the last row's id."""

    token = ""

    def update_state(self, response: Any, data: list[Any] | None = None) -> None:
        rows = response.json()
        self._has_next_page = len(rows) == 100
        self.token = rows[-1]["id"] if rows else ""

    def update_request(self, request: Any) -> None:
        request.params["page_token"] = self.token


def main(base_url: str, folder: Path) -> None:
    client = RESTClient(base_url, headers=HEADERS, paginator=LastId(), data_selector="$")

    @dlt.resource(name="activities", primary_key="id", write_disposition="merge")
    def activities() -> Iterator[Any]:
        yield from client.paginate("/v2/account/activities", params=dict(PARAMS))

    pipeline = dlt.pipeline(
        "floor",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.duckdb(str(folder / "log.duckdb")),
        dataset_name="journal",
    )
    began, busy = time.perf_counter(), time.process_time()
    pipeline.run(activities())
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - busy
    with pipeline.sql_client() as sql:
        rows = sql.execute_sql("SELECT count(*) FROM activities")[0][0]
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak_mb = int(status.partition("VmHWM:")[2].split()[0]) / 1024  # ru_maxrss has the parent's
    measured = {"rows": rows, "seconds": seconds, "cpu_s": cpu_s, "peak_mb": peak_mb}
    print(json.dumps(measured))


main(sys.argv[1], Path(sys.argv[2]))
