"""The floor: fetch the pages with httpx, decode the JSON, keep nothing.

Usage: floor.py BASE_URL FOLDER
"""

import json
import sys
import time
from pathlib import Path

import httpx

HEADERS = {"APCA-API-KEY-ID": "PK1", "APCA-API-SECRET-KEY": "s1"}
PARAMS = {"after": "2020-01-01T00:00:00Z", "direction": "asc", "page_size": "100"}


def main(base_url: str) -> None:
    began, busy, rows, token = time.perf_counter(), time.process_time(), 0, ""
    with httpx.Client(base_url=base_url, headers=HEADERS) as client:
        while True:
            params = PARAMS | ({"page_token": token} if token else {})
            page = json.loads(client.get("/v2/account/activities", params=params).content)
            rows += len(page)
            if len(page) < 100:
                break
            token = page[-1]["id"]
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - busy
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak_mb = int(status.partition("VmHWM:")[2].split()[0]) / 1024  # ru_maxrss has the parent's
    measured = {"rows": rows, "seconds": seconds, "cpu_s": cpu_s, "peak_mb": peak_mb}
    print(json.dumps(measured))


main(sys.argv[1])
