import sys

import pytest
from pydantic import ValidationError

from infra.local import register as module
from infra.local.register import register
from shared.adapters.file_secrets import FileSecrets
from shared.brokers.schwab.spec import SPEC
from shared.journal.connect.application import Application, read_application
from tests.twins.memory_secrets import MemorySecrets

CALLBACK = "https://127.0.0.1:8182"
ANSWERS = {
    "Charles Schwab: client id (app key): ": "our-app",
    "Charles Schwab: client secret: ": "s3",
}


async def test_what_was_registered_is_what_a_consent_reads():
    secrets = MemorySecrets()
    await register(secrets, SPEC, CALLBACK, ANSWERS.__getitem__)
    assert await read_application(secrets, SPEC) == Application(
        client_id="our-app", client_secret="s3", redirect_uri=CALLBACK
    )


@pytest.mark.parametrize(("redirect_uri", "typed"), [("nowhere", "x"), (CALLBACK, "")])
async def test_what_cannot_be_a_registration_is_not_kept(redirect_uri, typed):
    secrets = MemorySecrets()
    with pytest.raises(ValidationError):
        await register(secrets, SPEC, redirect_uri, lambda _: typed)
    assert secrets._versions == {}


def run(monkeypatch, tmp_path, *arguments):
    monkeypatch.setenv("DAYBIAS_STATE_DIR", str(tmp_path))
    monkeypatch.setattr(module, "getpass", ANSWERS.__getitem__)
    monkeypatch.setattr(sys, "argv", ["register", *arguments])
    module.main()


def test_the_command_keeps_it_on_this_machine(monkeypatch, tmp_path):
    run(monkeypatch, tmp_path, "schwab")
    assert "oauth-schwab" in FileSecrets(tmp_path / "secrets.json")._load()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("oanda",), "invalid choice"), (("schwab", "--redirect-uri", "nowhere"), "redirect_uri")],
)
def test_the_command_says_what_is_wrong_and_quotes_no_secret(
    monkeypatch, tmp_path, capsys, arguments, said
):
    with pytest.raises(SystemExit):
        run(monkeypatch, tmp_path, *arguments)
    shown = capsys.readouterr().err
    assert (said in shown, "s3" in shown) == (True, False)
