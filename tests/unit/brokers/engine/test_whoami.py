"""A refusal of one question by a login that is good: a permission is missing."""

from dataclasses import replace

import httpx
import pytest

from shared.brokers.alpaca.spec import SPEC
from shared.brokers.engine.client import BrokerClient
from shared.brokers.engine.session import Session
from shared.brokers.spec import BrokerSpec, Request
from shared.domain.errors import AuthRejected, RequestRejected
from tests.twins.manual_clock import ManualClock
from tests.twins.seeded_entropy import SeededEntropy

ASKING = replace(SPEC, whoami=Request("/me"))


class Door:
    """A broker that refuses some paths, before and after its login is renewed."""

    def __init__(self, *closed: str) -> None:
        self.closed, self.asked = closed, list[str]()

    def answer(self, asked: httpx.Request) -> httpx.Response:
        self.asked.append(asked.url.path)
        return httpx.Response(401 if asked.url.path in self.closed else 200, json={})

    async def renew(self) -> None:
        self.asked.append("renewed")

    def client(self, spec: BrokerSpec = ASKING) -> BrokerClient:
        session = Session("https://b.test", {}, httpx.MockTransport(self.answer))
        client = BrokerClient(spec, session, ManualClock(), SeededEntropy(), deadline=1e9)
        client.renew = self.renew
        return client


async def test_a_permission_that_is_missing_is_no_refused_login() -> None:
    door = Door("/fills")
    with pytest.raises(RequestRejected, match="permission"):
        await door.client().ask(Request("/fills"))
    assert door.asked == ["/fills", "renewed", "/fills", "/me"]


async def test_a_login_that_may_not_say_who_it_is_is_refused() -> None:
    door = Door("/fills", "/me")
    with pytest.raises(AuthRejected):
        await door.client().ask(Request("/fills"))


async def test_without_such_a_question_a_refusal_is_one_of_the_login() -> None:
    door = Door("/fills")
    with pytest.raises(AuthRejected):
        await door.client(SPEC).ask(Request("/fills"))
    assert "/me" not in door.asked


async def test_a_login_is_renewed_once_for_all_questions() -> None:
    door = Door("/fills", "/orders")
    client = door.client()
    for path in door.closed:
        with pytest.raises(RequestRejected):
            await client.ask(Request(path))
    assert door.asked.count("renewed") == 1
