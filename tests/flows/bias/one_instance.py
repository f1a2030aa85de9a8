"""One instance of the bias function in a process of its own: it answers once, when it is told to.

Standard output says "ready", and after a line on standard input the answer as JSON.
"""

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path

from shared.adapters.memory_cache import MemoryCache
from shared.adapters.sqlite.sqlite_documents import SqliteDocuments
from shared.adapters.system_clock import SystemClock
from shared.adapters.system_entropy import SystemEntropy
from shared.bias.serving.service import Served
from shared.config import BiasSettings
from shared.wiring.foundation import Foundation
from shared.wiring.models.analysts import open_analysts
from shared.wiring.roots.bias import bias_service
from tests.markets import THURSDAY_EVENING
from tests.twins.memory_bus import MemoryBus
from tests.twins.memory_secrets import MemorySecrets


class ThenClock(SystemClock):
    """The system's clock, set back to a Thursday evening of which there are prices."""

    def __init__(self) -> None:
        self._back: timedelta = super().now() - THURSDAY_EVENING

    def now(self):
        return super().now() - self._back


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def main(store: Path, url: str) -> None:
    clock, documents = ThenClock(), SqliteDocuments(store)
    ports = documents, MemoryBus(), MemorySecrets(), clock, SystemEntropy(), MemoryCache(clock)
    base = Foundation(*ports)
    settings = BiasSettings(gemini_api_key="simulated-key", gemini_base_url=url)
    analysts = await open_analysts(settings, base)
    service = bias_service(settings, base, analysts, None)
    say("ready")
    await asyncio.to_thread(sys.stdin.readline)
    answer = await service.bias("SPY")
    assert isinstance(answer, Served), answer
    told = {"hash": answer.bias.snapshot_hash, "cache": answer.cache, "by": answer.bias.provider}
    say(json.dumps(told))
    await analysts.close()
    await base.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
