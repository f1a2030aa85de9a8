"""The whole system in one process, behind one port on loopback.

It mounts the entry points that are deployed and pushes the bus's messages to them in Pub/Sub's own
format, so there is one code path, not a demo path.
"""

import asyncio
import contextlib
import importlib.util
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, Self

import httpx
from functions_framework.aio import create_asgi_app_from_module
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local.push import push
from shared.config import BiasSettings, Settings, SyncSettings
from shared.http.delegate import Delegate
from shared.http.security import LoopbackOnly
from shared.ports import Clock, MessageBus
from shared.wiring.brokers import SPECS
from shared.wiring.foundation import Foundation
from shared.wiring.local import Drained, Push, open_stack
from shared.wiring.retrieval.opening import Retrieval

FUNCTIONS = Path(__file__).parents[2] / "functions"
_ORIGIN = "http://localhost"
# The first prefix that fits decides, as a load balancer's URL map would.
_OF_BIAS = ("/v1/bias", "/v1/scores", "/v1/scorecard", "/v1/models")
_ROUTES = (*((prefix, "bias") for prefix in _OF_BIAS), ("/v1/", "api"), ("/", "web"))
_MOUNT = "/functions/"


class Delivering(Protocol):
    """A foundation whose bus can be emptied: the embedded one, or the emulators' in a test."""

    @property
    def foundation(self) -> Foundation:
        """The ports of every function."""
        ...

    async def drain(self, push: Push) -> Drained:
        """Deliver until nothing waits."""
        ...

    async def serve(self, push: Push) -> None:
        """Deliver until cancelled."""
        ...


@dataclass(frozen=True)
class Mounted:
    """One deployable as the framework serves it, and the delegate inside."""

    app: ASGIApp
    delegate: Delegate


def mount(name: str) -> Mounted:
    """Load a function's main.py under a module name of its own and let the framework wrap it.

    The framework's own loader calls every source `main` and appends its folder to sys.path.
    """
    source = FUNCTIONS / name / "main.py"
    spec = importlib.util.spec_from_file_location(f"daybias_function_{name}", source)
    if spec is None or spec.loader is None:
        raise ImportError(f"{source} cannot be loaded")
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    app = create_asgi_app_from_module(  # type: ignore[no-untyped-call]  # the framework's is untyped
        "handle", str(source), "http", module, spec
    )
    return Mounted(app, module.FUNCTION)


class Gateway:
    """Runs every function over one local foundation; use it as an async context manager.

    Shape: `clock` replaces the system clock (a replay), `transport` stands for the brokers (a
    simulator), `wrap_bus` may put a mischievous bus between the functions and the real one,
    `notice` is what the page must say of itself, `stack` replaces the embedded stores,
    `retrieval` is the index of texts, which the gateway closes; without it biases say so.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        clock: Clock | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        broker_hosts: Mapping[str, str] | None = None,
        wrap_bus: Callable[[MessageBus], MessageBus] | None = None,
        data_dir: Path | None = None,
        notice: str | None = None,
        stack: Delivering | None = None,
        retrieval: Retrieval | None = None,
    ) -> None:
        self._settings: dict[str, Any] = {"profile": "local", "state_dir": state_dir}
        self._stack: Delivering = stack or open_stack(Settings(**self._settings), clock=clock)
        self.foundation: Foundation = self._stack.foundation
        if wrap_bus is not None:
            self.foundation = replace(self.foundation, bus=wrap_bus(self.foundation.bus))
        sync = SyncSettings(**self._settings, broker_hosts=dict(broker_hosts or {}))
        given: dict[str, Any] = {"data_dir": data_dir} if data_dir else {}
        if clock is not None:
            given["cboe"] = False  # a replay asks nobody who needs no key
        market = BiasSettings(**self._settings | given)
        extra: dict[str, dict[str, Any]] = {
            **{f"sync_{name}": {"settings": sync, "transport": transport} for name in SPECS},
            "api": {"settings": sync, "transport": transport},
            "refresh_market": {"settings": market, "retrieval": retrieval},
            "bias": {"settings": market, "retrieval": retrieval},
            "score_bias": {"settings": market},
            "web": {"notice": notice},
        }
        self._retrieval = retrieval
        self.functions = {main.parent.name: mount(main.parent.name) for main in _mains()}
        for name, mounted in self.functions.items():
            ports = {"settings": Settings(**self._settings)} | extra.get(name, {})
            mounted.delegate.host(foundation=self.foundation, **ports)
        self.app: ASGIApp = LoopbackOnly(self._route)
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False), base_url=_ORIGIN
        )

    async def __aenter__(self) -> Self:
        """Enter; every function starts at its own first request."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop every function and close the files."""
        await self._client.aclose()
        for mounted in self.functions.values():
            await mounted.delegate.close()
        if self._retrieval is not None:
            await self._retrieval.close()
        await self.foundation.close()

    async def tick(self, broker: str) -> dict[str, Any]:
        """Tick a broker's function as the scheduler would; return its report."""
        return await self.run(f"sync_{broker}", {"tick": True})

    async def run(self, function: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Post to a function as the scheduler would; return its report.

        Raises: httpx.HTTPStatusError when it does not answer 2xx.
        """
        answer = await self.post(f"{_MOUNT}{function}", body)
        report: dict[str, Any] = answer.raise_for_status().json()
        return report

    async def drain(self) -> Drained:
        """Push until nothing waits, new messages and retries included; tell what was answered."""
        return await self._stack.drain(self._push)

    async def get(self, path: str) -> httpx.Response:
        """Get a path as a browser on this machine would."""
        return await self._client.get(path)

    async def post(self, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """Post JSON (or nothing) to a path."""
        return await self._client.post(path, json=body)

    @contextlib.asynccontextmanager
    async def pumping(self) -> AsyncIterator[None]:
        """Push messages in the background while the block runs."""
        task = asyncio.create_task(self._stack.serve(self._push))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _push(self, endpoint: str, body: dict[str, Any]) -> int:
        return await push(self.app, endpoint, body)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        if path.startswith(_MOUNT):
            name, _, rest = path.removeprefix(_MOUNT).partition("/")
            if name in self.functions:
                scope = {**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}
                await self.functions[name].app(scope, receive, send)
                return
        await self.functions[serving(path)].app(scope, receive, send)


def serving(path: str) -> str:
    """Name the function that answers a path which begins with no function's name."""
    return next(name for prefix, name in _ROUTES if path.startswith(prefix))


def _mains() -> list[Path]:
    return sorted(FUNCTIONS.glob("*/main.py"))
