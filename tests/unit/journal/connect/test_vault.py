import pytest

from shared.domain.errors import AuthRejected
from shared.domain.ids import ConnectionId
from shared.journal.connect.vault import Vault
from tests.twins.memory_secrets import MemorySecrets
from tests.twins.seeded_entropy import SeededEntropy

ONE, TWO = ConnectionId("c-1"), ConnectionId("c-2")
LOGIN = {"key_id": "PK1", "secret_key": "very secret"}


@pytest.fixture
def secrets() -> MemorySecrets:
    return MemorySecrets()


@pytest.fixture
def vault(secrets: MemorySecrets) -> Vault:
    return Vault(secrets, SeededEntropy())


async def test_what_was_sealed_opens(vault: Vault) -> None:
    assert await vault.open(ONE, await vault.seal(ONE, LOGIN)) == LOGIN


async def test_another_instance_opens_it_with_the_stored_key(
    vault: Vault, secrets: MemorySecrets
) -> None:
    sealed = await vault.seal(ONE, LOGIN)
    assert await Vault(secrets, SeededEntropy(9)).open(ONE, sealed) == LOGIN


async def test_a_sealed_text_shows_nothing_of_the_login(vault: Vault) -> None:
    sealed = await vault.seal(ONE, LOGIN)
    assert "PK1" not in sealed
    assert "secret" not in sealed


async def test_two_seals_of_one_login_differ(vault: Vault) -> None:
    assert await vault.seal(ONE, LOGIN) != await vault.seal(ONE, LOGIN)


async def test_a_text_sealed_for_one_connection_does_not_open_for_another(vault: Vault) -> None:
    sealed = await vault.seal(ONE, LOGIN)
    with pytest.raises(AuthRejected):
        await vault.open(TWO, sealed)


@pytest.mark.parametrize("place", [-3, -12, -30])
async def test_a_changed_text_does_not_open(vault: Vault, place: int) -> None:
    sealed = await vault.seal(ONE, LOGIN)
    changed = "A" if sealed[place] != "A" else "B"
    with pytest.raises(AuthRejected):
        await vault.open(ONE, f"{sealed[:place]}{changed}{sealed[place + 1 :]}")


@pytest.mark.parametrize("sealed", ["", "a1.1", "a1.1.!!", "a1.1.AAAA", "z9.1.AAAA", "a1.1.é"])
async def test_a_damaged_text_does_not_open(vault: Vault, sealed: str) -> None:
    await vault.seal(ONE, LOGIN)
    with pytest.raises(AuthRejected):
        await vault.open(ONE, sealed)


async def test_a_new_key_seals_from_now_on_and_the_old_one_still_opens(
    vault: Vault, secrets: MemorySecrets
) -> None:
    before = await vault.seal(ONE, LOGIN)
    await secrets.add("vault-keyring", bytes(32))
    after = await vault.seal(ONE, LOGIN)
    assert (before.split(".")[1], after.split(".")[1]) == ("1", "2")
    assert await vault.open(ONE, before) == await vault.open(ONE, after) == LOGIN
