from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from infra.simulators.brokers import faults
from infra.simulators.brokers.wire import Answer, Call, answer
from infra.simulators.brokers.world import Refused, World, bearer, form, serves

HOSTS = {"live": "api.broker.example", "paper": "paper.broker.example"}


@dataclass
class EchoWorld(World):
    """Answers its own path, and refuses what is forbidden."""

    seen: list[str] = field(default_factory=list)

    def route(self, call: Call) -> Answer:
        self.seen.append(call.path)
        if call.path == "/forbidden":
            raise Refused(answer({"error": "forbidden"}, 403))
        return answer(call.path)


@pytest.fixture
def world() -> EchoWorld:
    return EchoWorld(lambda: datetime(2026, 3, 16, tzinfo=UTC))


def call(path: str = "/", host: str = "127.0.0.1", body: bytes = b"", **headers: str) -> Call:
    return Call("GET", host, path, {}, headers, body)


def test_a_refusal_is_an_answer(world: EchoWorld) -> None:
    assert world.handle(call("/forbidden")).status == 403


def test_every_call_is_listed_also_a_refused_one(world: EchoWorld) -> None:
    world.handle(call("/a"))
    world.handle(call("/forbidden"))
    assert [one.path for one in world.calls] == ["/a", "/forbidden"]


def test_a_fault_spoils_an_answer_that_was_worked_out_all_the_same(world: EchoWorld) -> None:
    world.faults.plan(faults.timeout())
    assert world.handle(call("/a")).lost
    assert world.seen == ["/a"]


@pytest.mark.parametrize(
    ("shown", "token"),
    [("Bearer t1", "t1"), ("bearer t1", "t1"), ("Basic t1", ""), ("", "")],
)
def test_a_token_is_read_from_a_bearer_header_alone(shown: str, token: str) -> None:
    assert bearer(call(authorization=shown)) == token


def test_a_form_is_read_with_its_escapes() -> None:
    assert form(call(body=b"code=a%40b&code=c&empty=")) == {"code": "a@b"}


@pytest.mark.parametrize(
    ("host", "served"),
    [("paper.broker.example", True), ("api.broker.example", False), ("127.0.0.1", True)],
)
def test_a_host_serves_its_own_environment_and_loopback_every_one(host: str, served: bool) -> None:
    assert serves(call(host=host), HOSTS, "paper") is served
