from ssl import CERT_REQUIRED

from shared.adapters.models.trusted import trusted


def test_a_model_maker_is_verified():
    assert trusted().verify_mode == CERT_REQUIRED
    assert trusted().check_hostname


def test_the_certificates_are_read_once_a_process():
    assert trusted() is trusted()
