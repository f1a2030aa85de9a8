from pathlib import Path
from ssl import CERT_REQUIRED

import certifi

from shared.adapters.models.trusted import trusted


def test_a_model_maker_is_verified():
    assert trusted().verify_mode == CERT_REQUIRED
    assert trusted().check_hostname


def test_the_certificates_are_read_once_a_process():
    assert trusted() is trusted()


def test_a_bundle_of_ones_own_takes_the_place_of_the_machines(tmp_path, monkeypatch):
    usual, end = Path(certifi.where()).read_text(encoding="utf-8"), "-----END CERTIFICATE-----"
    own = tmp_path / "own.pem"
    own.write_text(usual.partition(end)[0] + end)
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    assert len(trusted.__wrapped__().get_ca_certs()) == 1


def test_a_folder_of_ones_own_takes_their_place_too(tmp_path, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert trusted.__wrapped__().get_ca_certs() == []
