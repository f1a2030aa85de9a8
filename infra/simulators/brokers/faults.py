"""What goes wrong on demand: a plan of faults, each a pure change of one answer."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from infra.simulators.brokers.wire import Answer, Call, answer

Fault = Callable[[Call, Answer], Answer]

_MESSAGES = {
    401: (40110000, "request is not authorized"),
    403: (40310000, "forbidden"),
    422: (40010001, "invalid request"),
    429: (42910000, "rate limit exceeded"),
    500: (50010000, "internal server error occurred"),
}
_HTML = (
    b"<html><head><title>503 Service Temporarily Unavailable</title></head>"
    b"<body>nginx</body></html>"
)


@dataclass
class _Planned:
    fault: Fault
    path: str
    skip: int
    times: int

    def due(self, call: Call) -> bool:
        if not call.path.startswith(self.path) or self.times == 0:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


@dataclass
class Faults:
    """The plan; every planned fault sees each call to its path once, in the order of planning."""

    _planned: list[_Planned] = field(default_factory=list)

    def plan(self, fault: Fault, *, path: str = "/", skip: int = 0, times: int = 1) -> None:
        """Let the next `times` answers under `path` go wrong, after `skip` that go right."""
        self._planned.append(_Planned(fault, path, skip, times))

    def apply(self, call: Call, answered: Answer) -> Answer:
        """Change an answer as planned."""
        for planned in self._planned:
            if planned.due(call):
                answered = planned.fault(call, answered)
        return answered


def status(code: int, headers: Mapping[str, str] | None = None) -> Fault:
    """Answer with an error of this status; a 429 says when it ends only through `headers`."""
    number, message = _MESSAGES[code]
    refused = answer({"code": number, "message": message}, code)
    return lambda _, __: replace(refused, headers={**refused.headers, **(headers or {})})


def html_503() -> Fault:
    """Answer as the proxy does when nobody is behind it."""
    return lambda _, __: Answer(503, _HTML, {"content-type": "text/html"})


def timeout() -> Fault:
    """Never answer."""
    return lambda _, answered: replace(answered, lost=True)


def cut_body() -> Fault:
    """End in the middle of the body."""
    return lambda _, answered: replace(answered, cut=True)


def body(value: Any) -> Fault:
    """Answer 200 with another body: an object where an array belongs, for example."""
    return lambda _, __: answer(value)


def rows(change: Callable[[list[Any]], list[Any]], *, at: str | None = None) -> Fault:
    """Change the rows of an answer: spoil one, drop some, turn them around.

    Shape: `at` names the field that holds the rows ("data.items": inside another); None where the
    body is the array.
    """

    def changed(_: Call, answered: Answer) -> Answer:
        body = json.loads(answered.body)
        inside, names = body, at.split(".") if at else []
        for name in names[:-1]:
            inside = inside.get(name, {})
        if not names:
            return answer(change(body))
        if names[-1] not in inside:
            return answered
        inside[names[-1]] = change(inside[names[-1]])
        return answer(body)

    return changed


def spoiled(place: int, field_name: str, value: Any) -> Fault:
    """Put a wrong value into one row."""

    def change(found: list[Any]) -> list[Any]:
        return [{**row, field_name: value} if i == place else row for i, row in enumerate(found)]

    return rows(change)


def repeated(earlier: list[Any]) -> Fault:
    """Answer with rows that were already given, as a server does that ignores the token."""
    return body(earlier)
