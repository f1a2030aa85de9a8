import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from traceback import format_exception
from urllib.parse import parse_qs, urlsplit

import pytest

from infra.simulators.brokers import faults
from infra.simulators.brokers.alpaca.world import AlpacaWorld
from infra.simulators.brokers.schwab.world import SchwabWorld
from infra.simulators.brokers.tastytrade.world import TastytradeWorld
from infra.simulators.brokers.tradestation.world import TradeStationWorld
from infra.simulators.brokers.transport import SimulatorTransport
from infra.simulators.brokers.wire import Call
from shared.brokers.alpaca.spec import SPEC as ALPACA
from shared.brokers.oanda.spec import SPEC as OANDA
from shared.brokers.schwab.spec import SPEC as SCHWAB
from shared.brokers.tastytrade.spec import SPEC as TASTYTRADE
from shared.brokers.tradestation.spec import SPEC as TRADESTATION
from shared.domain.errors import ConfigError, InvalidInput, NotFound, PermanentError
from shared.domain.sync.connection import Connection, ConnectionState
from shared.journal.connect.consent import Consents
from shared.journal.connect.lifecycle import Lifecycle
from shared.ports import Document, Key
from tests.brokers.desk import ACCOUNT, USER, Desk
from tests.twins.memory_documents import MemoryDocuments

SESSION, OTHER_SESSION = "s" * 26, "t" * 26
SECRET = "our-app-secret"
SPECS = {spec.name: spec for spec in (ALPACA, OANDA, SCHWAB, TASTYTRADE, TRADESTATION)}


@dataclass
class Browser:
    """A user's browser between us and a simulated broker that has our application registered."""

    desk: Desk
    callback: str
    hosts: dict[str, str] = field(default_factory=dict)

    @property
    def consents(self) -> Consents:
        desk = self.desk
        transport = SimulatorTransport(desk.handle)
        return Consents(desk.connections, desk.vault._secrets, SPECS, transport, self.hosts)

    async def register(self, **changed: str) -> None:
        """Tell us, as an operator does, how the broker knows us."""
        known = {"client_id": "our-app", "client_secret": SECRET, "redirect_uri": self.callback}
        text = json.dumps({**known, **changed}).encode()
        await self.desk.vault._secrets.add(f"oauth-{self.desk.spec.name}", text)

    async def begin(self) -> str:
        desk = self.desk
        return await self.consents.begin(USER, desk.spec, desk.environment, "mine", SESSION)

    def consent(self, address: str) -> tuple[str, str]:
        """Consent at the broker; return the state and the code that the browser brings back."""
        asked = query_of(address)
        if isinstance(self.desk.world, AlpacaWorld):  # its sign-in page is not simulated
            self.desk.world.consent(self.desk.world._accounts[ACCOUNT], "code-1")
            return asked["state"], "code-1"
        url = urlsplit(address)
        answered = self.desk.handle(Call("GET", url.netloc, url.path, asked, {}))
        back = query_of(answered.headers["location"])
        return back["state"], back["code"]

    async def connect(self) -> Connection:
        state, code = self.consent(await self.begin())
        return await self.consents.finish(state, code, SESSION)

    async def made(self) -> int:
        return len(await self.desk.connections.list(USER))


class SlowReads(MemoryDocuments):
    """Lets others work between a read and what follows from it."""

    async def get_many(self, keys: Sequence[Key]) -> list[Document | None]:
        found = await super().get_many(keys)
        await asyncio.sleep(0)
        return found


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def exchanged(browser: Browser) -> dict[str, str]:
    """Read the form that the broker was last sent."""
    sent = browser.desk.world.calls[-1].body.decode()
    return {name: values[0] for name, values in parse_qs(sent).items()}


def at_alpaca() -> Browser:
    desk = Desk()
    desk.world.add_account(account_id=ACCOUNT, number="PA1", oauth_token="t-1")
    return Browser(desk, "http://localhost:8080/v1/oauth/callback")


def at_schwab() -> Browser:
    desk = Desk(spec=SCHWAB, make_world=SchwabWorld, environment="live")
    desk.world.add_account("48217735")
    callback = "https://127.0.0.1:8182"
    desk.world.add_app("our-app", SECRET, callback)
    return Browser(desk, callback)


def at_tradestation() -> Browser:
    desk = Desk(spec=TRADESTATION, make_world=TradeStationWorld, environment="sim")
    desk.world.add_account("SIM1", environment="sim")
    desk.world.add_key("our-app", SECRET, rotating=True)
    return Browser(desk, "http://localhost:8080")


def at_tastytrade() -> Browser:
    desk = Desk(spec=TASTYTRADE, make_world=TastytradeWorld, environment="live")
    desk.world.add_account("5WT00001")
    callback = desk.world.add_client("our-app", SECRET).redirect_uri
    return Browser(desk, callback)


@pytest.fixture(
    params=[at_alpaca, at_schwab, at_tastytrade, at_tradestation],
    ids=lambda make: make.__name__[3:],
)
async def browser(request: pytest.FixtureRequest) -> Browser:
    browser: Browser = request.param()
    await browser.register()
    return browser


@pytest.fixture
async def schwab() -> Browser:
    browser = at_schwab()
    await browser.register()
    return browser


@pytest.fixture
async def tradestation() -> Browser:
    browser = at_tradestation()
    await browser.register()
    return browser


# ------------------------------------------------------------------- the way there and back


async def test_a_consent_becomes_a_connection_that_can_be_synchronized(browser: Browser) -> None:
    made = await browser.connect()
    assert (made.label, made.auth, made.environment) == ("mine", "oauth", browser.desk.environment)
    report = await browser.desk.sync(made)
    assert (report.outcome.value, len(report.accounts)) == ("complete", 1)


async def test_an_environment_whose_consent_is_elsewhere_is_not_offered() -> None:
    browser = at_tastytrade()
    await browser.register()
    browser.desk.environment = "sandbox"
    with pytest.raises(InvalidInput, match="offers OAuth in live alone"):
        await browser.begin()


async def test_a_broker_is_asked_for_no_more_than_reading(tradestation: Browser) -> None:
    asked = query_of(await tradestation.begin())
    assert asked["scope"] == "openid offline_access ReadAccount"
    assert asked["audience"] == "https://api.tradestation.com"


async def test_the_code_is_proved_to_come_from_who_asked(tradestation: Browser) -> None:
    address = await tradestation.begin()
    state, code = tradestation.consent(address)
    await tradestation.consents.finish(state, code, SESSION)
    digest = sha256(exchanged(tradestation)["code_verifier"].encode()).digest()
    challenge = urlsafe_b64encode(digest).decode().rstrip("=")
    assert query_of(address)["code_challenge"] == challenge
    assert query_of(address)["code_challenge_method"] == "S256"


async def test_a_broker_without_pkce_is_not_shown_it(schwab: Browser) -> None:
    address = await schwab.begin()
    state, code = schwab.consent(address)
    await schwab.consents.finish(state, code, SESSION)
    assert "code_challenge" not in query_of(address)
    assert "code_verifier" not in exchanged(schwab)


async def test_a_host_that_stands_in_for_the_broker_exchanges_too(browser: Browser) -> None:
    place = f"{browser.desk.spec.name}:{browser.desk.environment}"
    browser.hosts[place] = "http://127.0.0.1:9"
    state, code = browser.consent(await browser.begin())
    await browser.consents.finish(state, code, SESSION)
    assert browser.desk.world.calls[-1].host == "127.0.0.1"


async def test_no_document_holds_a_state_a_session_or_a_secret_in_clear(browser: Browser) -> None:
    state, code = browser.consent(await browser.begin())
    await browser.consents.finish(state, code, SESSION)
    stored = repr(browser.desk.documents._rows)
    assert [text for text in (state, code, SESSION, SECRET) if text in stored] == []


async def test_a_login_that_ended_is_signed_in_again_where_it_is(schwab: Browser) -> None:
    made = await schwab.connect()
    schwab.desk.clock.advance(timedelta(days=8))
    assert (await schwab.desk.sync(made)).outcome.value == "needs_reauth"
    state, code = schwab.consent(await schwab.consents.begin_again(made, SESSION))
    again = await schwab.consents.finish(state, code, SESSION)
    assert (again.connection_id, again.health.state) == (
        made.connection_id,
        ConnectionState.ACTIVE,
    )
    assert (await schwab.desk.sync(again)).outcome.value == "complete"


async def test_a_connection_that_was_deleted_meanwhile_does_not_come_back(schwab: Browser) -> None:
    made = await schwab.connect()
    state, code = schwab.consent(await schwab.consents.begin_again(made, SESSION))
    await Lifecycle(schwab.desk.connections).delete(USER, made.connection_id)
    with pytest.raises(NotFound):
        await schwab.consents.finish(state, code, SESSION)
    assert await schwab.made() == 0


# -------------------------------------------------------------------------- returns refused


async def test_a_state_that_we_did_not_give_creates_nothing(browser: Browser) -> None:
    _, code = browser.consent(await browser.begin())
    with pytest.raises(InvalidInput, match="not known here"):
        await browser.consents.finish("made-up", code, SESSION)
    assert await browser.made() == 0


async def test_a_state_is_good_once(browser: Browser) -> None:
    state, code = browser.consent(await browser.begin())
    await browser.consents.finish(state, code, SESSION)
    with pytest.raises(InvalidInput, match="used already"):
        await browser.consents.finish(state, code, SESSION)
    assert await browser.made() == 1


async def test_two_returns_at_once_make_one_connection(browser: Browser) -> None:
    state, code = browser.consent(await browser.begin())
    slow = SlowReads()
    slow.__dict__.update(browser.desk.documents.__dict__)
    connections = replace(browser.desk.connections, documents=slow)
    consents = replace(browser.consents, connections=connections)
    twice = [consents.finish(state, code, SESSION) for _ in range(2)]
    ended = await asyncio.gather(*twice, return_exceptions=True)
    [refused] = [one for one in ended if isinstance(one, Exception)]
    assert "used already" in str(refused)
    assert await browser.made() == 1


async def test_after_ten_minutes_a_state_is_good_no_more(browser: Browser) -> None:
    state, code = browser.consent(await browser.begin())
    browser.desk.clock.advance(timedelta(minutes=10))
    with pytest.raises(InvalidInput, match="ten minutes"):
        await browser.consents.finish(state, code, SESSION)
    assert await browser.made() == 0


async def test_another_browser_can_neither_use_a_state_nor_use_it_up(browser: Browser) -> None:
    state, code = browser.consent(await browser.begin())
    with pytest.raises(InvalidInput, match="another browser"):
        await browser.consents.finish(state, code, OTHER_SESSION)
    assert await browser.made() == 0
    await browser.consents.finish(state, code, SESSION)


async def test_a_consent_that_was_not_given_uses_the_state_up(browser: Browser) -> None:
    state, code = browser.consent(await browser.begin())
    with pytest.raises(InvalidInput, match="gave no consent"):
        await browser.consents.finish(state, "", SESSION)
    with pytest.raises(InvalidInput, match="used already"):
        await browser.consents.finish(state, code, SESSION)


# ----------------------------------------------------------------------- exchanges that fail


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param(faults.timeout(), "was lost", id="timeout"),
        pytest.param(faults.cut_body(), "was lost", id="cut"),
        pytest.param(faults.html_503(), "does not answer for now", id="maintenance"),
        pytest.param(faults.status(429), "does not answer for now", id="too many"),
        pytest.param(faults.status(401), "refused the consent", id="refused"),
        pytest.param(faults.body({}), "gave no", id="empty"),
        pytest.param(faults.body([]), "gave no", id="other shape"),
    ],
)
async def test_a_failed_exchange_creates_nothing_and_is_not_repeated(
    browser: Browser, fault: faults.Fault, said: str
) -> None:
    state, code = browser.consent(await browser.begin())
    asked = len(browser.desk.world.calls)
    browser.desk.world.faults.plan(fault)
    with pytest.raises(PermanentError, match=said):
        await browser.consents.finish(state, code, SESSION)
    with pytest.raises(InvalidInput, match="used already"):
        await browser.consents.finish(state, code, SESSION)
    assert (await browser.made(), len(browser.desk.world.calls) - asked) == (0, 1)


async def test_a_code_that_the_broker_does_not_know_is_refused(browser: Browser) -> None:
    state, _ = browser.consent(await browser.begin())
    with pytest.raises(PermanentError, match="refused the consent"):
        await browser.consents.finish(state, "made-up", SESSION)
    assert await browser.made() == 0


# --------------------------------------------------------------------- beginnings refused


async def test_an_environment_that_the_broker_has_not_is_refused(schwab: Browser) -> None:
    with pytest.raises(InvalidInput) as caught:
        await schwab.consents.begin(USER, SCHWAB, "paper", "mine", SESSION)
    assert caught.value.expected == ("live",)


async def test_a_broker_without_oauth_names_the_logins_it_has(schwab: Browser) -> None:
    with pytest.raises(InvalidInput) as caught:
        await schwab.consents.begin(USER, OANDA, next(iter(OANDA.hosts)), "mine", SESSION)
    assert caught.value.expected == ("api_key",)


async def test_an_application_that_is_not_registered_is_a_fault_of_ours() -> None:
    with pytest.raises(ConfigError, match="the secret oauth-schwab is missing"):
        await at_schwab().begin()


async def test_a_registration_that_cannot_be_read_is_not_quoted() -> None:
    browser = at_schwab()
    await browser.register(redirect_uri="nowhere")
    with pytest.raises(ConfigError) as caught:
        await browser.begin()
    assert SECRET not in "".join(format_exception(caught.value))


async def test_old_states_are_dropped_when_a_new_one_begins(schwab: Browser) -> None:
    for _ in range(3):
        await schwab.begin()
    schwab.desk.clock.advance(timedelta(days=2))
    await schwab.begin()
    left = [key for key in schwab.desk.documents._rows if key.collection == "oauth_states"]
    assert len(left) == 1
