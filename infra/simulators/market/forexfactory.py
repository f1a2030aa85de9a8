"""ForexFactory's weekly feed: one file with an ETag, and a limit that answers with a page.

Source: stored bodies; the limit and its page are recalled, not measured.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from infra.simulators.brokers.wire import JSON, Answer, Call
from infra.simulators.brokers.world import Refused, World

_LIMIT, _WITHIN = 2, timedelta(minutes=5)
_DENIED = b"<!DOCTYPE html><html><body><h1>Request Denied</h1></body></html>"


@dataclass
class ForexFactoryWorld(World):
    """The feed; `body` is what it serves now."""

    body: bytes = b"[]"
    asked: list[datetime] = field(default_factory=list)

    def route(self, call: Call) -> Answer:
        """Serve the file."""
        if call.path != "/ff_calendar_thisweek.json":
            raise Refused(Answer(404, b"Not Found", {"content-type": "text/html"}))
        self.asked = [at for at in self.asked if self.now() - at < _WITHIN]
        if len(self.asked) >= _LIMIT:
            raise Refused(Answer(200, _DENIED, {"content-type": "text/html"}))
        self.asked.append(self.now())
        etag = f'"{hashlib.sha256(self.body).hexdigest()[:16]}"'
        if call.headers.get("if-none-match") == etag:
            return Answer(304, b"", {"etag": etag})
        return Answer(200, self.body, {**JSON, "etag": etag})
