"""Drives chromium by its DevTools protocol over a pipe: no driver, no port, nothing to install.

Source: https://chromedevtools.github.io/devtools-protocol/ (`--remote-debugging-pipe`: messages
end with a zero byte; the browser reads from descriptor 3 and writes to 4).
"""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from select import select
from time import monotonic
from types import TracebackType
from typing import Any, Self

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-sync", "--disable-background-networking", "--disable-component-update"),
)
# Gives the two ends of the pipes their numbers and becomes the browser.
_RENUMBERED = """
import fcntl, os, sys
reads, writes = (fcntl.fcntl(int(fd), fcntl.F_DUPFD, 10) for fd in sys.argv[1:3])
os.dup2(reads, 3)
os.dup2(writes, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
_PATIENCE_S = 20.0
# what is not there yet throws, and does not hold
_LOOK = """new Promise((look) => requestAnimationFrame(() => {{
  try {{ look(Boolean({condition})); }} catch {{ look(false); }}
}}))"""


class BrowserFailed(Exception):
    """The browser refused a command, threw an error, or what was waited for did not come."""


class Browser:
    """A chromium with one page; everything that it complained about is in `complaints`."""

    def __init__(self, chromium: str, profile: Path) -> None:
        (self._reads, tell), (listen, self._writes) = os.pipe(), os.pipe()
        command = [chromium, *FLAGS, "--remote-debugging-pipe", f"--user-data-dir={profile}"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _RENUMBERED, str(listen), str(tell), *command],
            pass_fds=(listen, tell),
            stderr=subprocess.DEVNULL,
        )
        os.close(listen)
        os.close(tell)
        self._rest, self._last_id, self._session = b"", 0, ""
        self.complaints: list[str] = []

    def __enter__(self) -> Self:
        (target,) = (
            found
            for found in self._send("Target.getTargets")["targetInfos"]
            if found["type"] == "page"
        )
        attached = {"targetId": target["targetId"], "flatten": True}
        self._session = self._send("Target.attachToTarget", attached)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._send(f"{domain}.enable")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait(20)
        os.close(self._reads)
        os.close(self._writes)

    def open(self, address: str) -> None:
        """Go to an address."""
        self._send("Page.navigate", {"url": address})
        self.wait_for("document.readyState === 'complete'")

    def run(self, expression: str) -> Any:
        """Evaluate an expression in the page, awaited if it is a promise; return its JSON value."""
        asked = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        found = self._send("Runtime.evaluate", asked | {"userGesture": True})
        if "exceptionDetails" in found:
            raise BrowserFailed(found["exceptionDetails"].get("exception", found))
        return found["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Return as soon as an expression holds, looking with every frame.

        Raises: BrowserFailed after twenty seconds.
        """
        give_up = monotonic() + _PATIENCE_S
        while not self.run(_LOOK.format(condition=condition)):
            if monotonic() > give_up:
                raise BrowserFailed(f"{condition} did not come to hold; {self.complaints}")

    def text(self, selector: str) -> str:
        """Return what a reader sees of the first element of a selector."""
        return str(self.run(f"document.querySelector({json.dumps(selector)}).innerText"))

    def click(self, selector: str) -> None:
        """Press the first element of a selector."""
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def press(self, key: str, code: int, text: str = "") -> None:
        """Strike a key: its name, its virtual code, and what it types."""
        struck = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        typed = {"text": text} if text else {}
        self._send("Input.dispatchKeyEvent", {"type": "keyDown", **struck, **typed})
        self._send("Input.dispatchKeyEvent", {"type": "keyUp", **struck})

    def looks(self, *, width: int = 1280, scheme: str = "light") -> None:
        """Take a width in CSS pixels and a color scheme."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self._send("Emulation.setDeviceMetricsOverride", size)
        chosen = [{"name": "prefers-color-scheme", "value": scheme}]
        self._send("Emulation.setEmulatedMedia", {"features": chosen})

    def wait_for_page(self, address: str) -> None:
        """Return as soon as another page shows an address, and shut it.

        Raises: BrowserFailed after twenty seconds.
        """
        give_up = monotonic() + _PATIENCE_S
        while True:
            targets = self._send("Target.getTargets")["targetInfos"]
            if found := [one for one in targets if one["url"] == address]:
                self._send("Target.closeTarget", {"targetId": found[0]["targetId"]})
                return
            if monotonic() > give_up:
                raise BrowserFailed(f"{address} was not opened")

    def picture(self) -> bytes:
        """Take a picture of the whole page, PNG."""
        taken = self._send("Page.captureScreenshot", {"captureBeyondViewport": True})
        return base64.b64decode(taken["data"])

    def _send(self, method: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        self._last_id += 1
        asked = {"id": self._last_id, "method": method, "params": dict(parameters or {})}
        if self._session:
            asked["sessionId"] = self._session
        os.write(self._writes, json.dumps(asked).encode() + b"\0")
        while True:
            message = self._read()
            if message.get("id") == self._last_id:
                if "error" in message:
                    raise BrowserFailed(f"{method}: {message['error']}")
                found: dict[str, Any] = message["result"]
                return found
            self._note(message)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            if not select([self._reads], [], [], _PATIENCE_S)[0]:
                raise BrowserFailed("the browser says nothing")
            chunk = os.read(self._reads, 1 << 16)
            if not chunk:
                raise BrowserFailed("the browser has gone")
            self._rest += chunk
        line, self._rest = self._rest.split(b"\0", 1)
        message: dict[str, Any] = json.loads(line)
        return message

    def _note(self, message: Mapping[str, Any]) -> None:
        told = message.get("params", {})
        match message.get("method"):
            case "Runtime.exceptionThrown":
                self.complaints.append(str(told["exceptionDetails"]))
            case "Log.entryAdded" if told["entry"]["level"] in {"warning", "error"}:
                self.complaints.append(f"{told['entry']['text']} {told['entry'].get('url')}")
            case "Runtime.consoleAPICalled" if told["type"] in {"warning", "error", "assert"}:
                self.complaints.append(str(told["args"]))
