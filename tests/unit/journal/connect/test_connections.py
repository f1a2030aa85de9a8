import json
from datetime import timedelta

import pytest

from shared.domain.errors import InvalidInput, NotFound
from shared.domain.ids import ConnectionId
from shared.domain.sync.connection import ConnectionState
from tests.brokers.desk import USER, Desk

LOGIN = {"key_id": "PK1", "secret_key": "very secret"}


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_new_connection_is_active_and_due_at_once(desk: Desk) -> None:
    made = await desk.connect()
    assert (made.health.state, made.next_due_at) == (ConnectionState.ACTIVE, desk.clock.now())


async def test_a_connection_is_read_as_it_was_created(desk: Desk) -> None:
    made = await desk.connect()
    assert await desk.connections.get(USER, made.connection_id) == made


async def test_a_user_sees_all_own_connections_and_no_others(desk: Desk) -> None:
    made = {(await desk.connect()).connection_id for _ in range(3)}
    assert {c.connection_id for c in await desk.connections.list(USER)} == made
    assert await desk.connections.list("user-2") == []


async def test_no_document_holds_a_login_in_clear(desk: Desk) -> None:
    await desk.connect(secret_key="very secret")
    bodies = [body for body, _ in desk.documents._rows.values()]
    assert "very secret" not in json.dumps(bodies)


@pytest.mark.parametrize(
    ("environment", "auth", "credentials", "expected"),
    [
        ("demo", "api_key", LOGIN, ("live", "paper")),
        ("paper", "password", LOGIN, ("api_key", "oauth")),
        ("paper", "api_key", {"key_id": "PK1"}, ("key_id", "secret_key")),
        ("paper", "api_key", {**LOGIN, "pin": "1"}, ("key_id", "secret_key")),
        ("paper", "api_key", {**LOGIN, "secret_key": ""}, ("key_id", "secret_key")),
    ],
)
async def test_what_the_broker_has_not_is_refused_with_what_it_has(
    desk: Desk, environment: str, auth: str, credentials: dict[str, str], expected: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await desk.connections.create(USER, desk.spec, environment, "x", auth, credentials)
    assert caught.value.expected == expected


async def test_a_state_keeps_its_beginning_while_it_lasts(desk: Desk) -> None:
    made = await desk.connect()
    desk.clock.advance(timedelta(hours=1))
    await desk.connections.note_health(made, ConnectionState.FAILED, "down")
    began = desk.clock.now()
    desk.clock.advance(timedelta(hours=1))
    await desk.connections.note_health(made, ConnectionState.FAILED, "still down")
    health = (await desk.connections.get(USER, made.connection_id)).health
    assert (health.since, health.reason) == (began, "still down")


async def test_noting_the_same_again_writes_nothing(desk: Desk) -> None:
    made = await desk.connect()
    before = desk.documents.commits
    await desk.connections.note_health(made, ConnectionState.ACTIVE)
    assert desk.documents.commits == before


async def test_an_unknown_connection_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await desk.connections.get(USER, ConnectionId("c-404"))
