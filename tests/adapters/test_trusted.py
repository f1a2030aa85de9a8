from pathlib import Path
from ssl import CERT_REQUIRED

import certifi
import pytest

from shared.adapters.trusted import trusted


def test_who_is_called_is_verified():
    assert trusted().verify_mode == CERT_REQUIRED
    assert trusted().check_hostname


def test_the_certificates_are_read_once_a_process():
    assert trusted() is trusted()


def test_a_certificate_of_ones_own_is_trusted_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = "-----END CERTIFICATE-----"
    own = tmp_path / "own.pem"
    own.write_text(Path(certifi.where()).read_text().split(end)[0] + end)
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    assert len(trusted.__wrapped__().get_ca_certs()) == 1  # read anew, past what is kept
