"""What a user reads when a login is refused: each cause has its own words, and what to do next."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from infra.simulators.brokers.http_door import sample_of
from shared.domain.errors import AuthRejected
from shared.domain.sync.connection import Connection
from shared.wiring.brokers import SPECS
from tests.brokers.desk import USER, Desk


def sampled(broker: str) -> Desk:
    desk = Desk(spec=SPECS[broker])
    sample = sample_of(broker, desk.clock.now)
    desk.world, desk.auth = sample.world, sample.login  # type: ignore[assignment]  # a text
    desk.environment, desk.credentials = sample.environment, sample.credentials
    return desk


async def reason(desk: Desk, connection: Connection) -> str:
    report = await desk.sync(connection)
    assert report.outcome == "needs_reauth"
    return (await desk.connections.get(USER, connection.connection_id)).health.reason


@dataclass(frozen=True)
class Case:
    broker: str
    spoiled: str  # which credential is wrong
    said: str


WRONG = (
    Case("alpaca", "secret_key", "Alpaca does not accept these credentials in paper: copy them"),
    Case("oanda", "token", "OANDA does not accept these credentials in practice: copy them"),
    Case("topstepx", "api_key", "TopstepX: the user name (the login's, not the e-mail) or the API"),
    Case("schwab", "client_secret", "Charles Schwab: the app key or secret is refused: see that"),
    Case("schwab", "refresh_token", "Charles Schwab: the login has ended: log in again"),
    Case("tradestation", "client_secret", "TradeStation: the API key's id or secret is refused"),
    Case("tradestation", "refresh_token", "TradeStation: the login has ended: sign in again"),
)


@pytest.mark.parametrize("case", WRONG, ids=lambda case: f"{case.broker}-{case.spoiled}")
async def test_wrong_credentials_are_told_with_what_to_do(case: Case) -> None:
    desk = sampled(case.broker)
    connection = await desk.connect(**{case.spoiled: "unheard-of"})
    said = await reason(desk, connection)
    assert (said.startswith(case.said), "unheard-of" in said) == (True, False)


def revoke(desk: Desk) -> None:
    """Take back what had been given, as the user may do at the broker."""
    world: Any = desk.world
    match desk.spec.name:
        case "alpaca":
            world.revoke(next(iter(world._accounts.values())))
        case "oanda":
            world.renew(desk.credentials["token"], "another")
        case "schwab":
            world.logins.revoke(world.logins._consents[0])
        case "tradestation":
            world.tokens.revoke(world.tokens._keys["simulated-id"])
            world.tokens.expire_access(desk.clock.now())
        case "topstepx":
            world.add_login("simulated-user", "another-key")
            world.expire_tokens()


REVOKED = {
    "alpaca": "Alpaca accepts these credentials no longer: were they replaced? connect",
    "oanda": "OANDA accepts these credentials no longer: were they replaced? connect",
    "schwab": "Charles Schwab: the login has ended: log in again",
    "tradestation": "TradeStation: the login has ended: sign in again",
    "topstepx": "TopstepX: the user name (the login's, not the e-mail) or the API key is wrong",
}


@pytest.mark.parametrize("broker", sorted(REVOKED))
async def test_what_was_good_before_is_told_apart_from_what_never_was(broker: str) -> None:
    desk = sampled(broker)
    connection = await desk.connect()
    await desk.sync(connection)
    revoke(desk)
    assert (await reason(desk, connection)).startswith(REVOKED[broker])


@pytest.mark.parametrize("broker", ["alpaca", "oanda"])
async def test_credentials_of_another_environment_are_told_where_they_belong(broker: str) -> None:
    desk = sampled(broker)
    home = desk.environment
    connection = await desk.connect("live")
    title = desk.spec.title
    said = f"{title} knows these credentials in {home}, not in live: delete this connection and add"
    assert (await reason(desk, connection)).startswith(said)


async def test_a_test_of_the_login_says_the_same() -> None:
    desk = sampled("alpaca")
    connection = await desk.connect("live")
    with pytest.raises(AuthRejected, match="knows these credentials in paper, not in live"):
        await desk.syncing().test(USER, connection.connection_id)


async def test_a_revoked_consent_asks_for_another() -> None:
    desk = sampled("alpaca")
    desk.auth, desk.credentials = "oauth", {"access_token": "gone"}
    said = await reason(desk, await desk.connect())
    assert said.startswith("Alpaca accepts this consent no longer: it has ended or was revoked")


async def test_credentials_for_a_host_of_the_users_own_are_shown_to_no_other() -> None:
    desk = sampled("alpaca")
    connection = await desk.connect("live")
    engine = replace(desk.syncing(), hosts={"alpaca:live": "https://api.alpaca.markets"})
    with pytest.raises(AuthRejected, match="does not accept these credentials in live"):
        await engine.test(USER, connection.connection_id)
    assert {call.host for call in desk.world.calls} == {"api.alpaca.markets"}
