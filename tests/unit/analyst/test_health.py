import json
import logging

import pytest

from shared.analyst.health import ModelHealths, ModelState, check_model
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    DaybiasError,
    QuotaSpent,
    RequestRejected,
    UpstreamUnavailable,
)
from tests.twins.manual_clock import ManualClock
from tests.twins.scripted_language_model import ScriptedLanguageModel


class Checked(ScriptedLanguageModel):
    """A model whose check ends in one error, or well."""

    def __init__(self, error: DaybiasError | None = None) -> None:
        super().__init__([""], ManualClock())
        self._error = error

    async def check(self, *, timeout_s: float) -> None:
        if self._error is not None:
            raise self._error


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (None, ModelState.OK),
        (AuthRejected("x"), ModelState.WRONG_KEY),
        (RequestRejected("x", status=404), ModelState.NO_MODEL),
        (QuotaSpent("x"), ModelState.SPENT),
        (UpstreamUnavailable("x"), ModelState.UNREACHABLE),
        (ContractBroken("x"), ModelState.STRANGE),
    ],
    ids=str,
)
async def test_an_error_of_the_provider_is_a_state_and_not_an_exception(error, state):
    health = await check_model(Checked(error))
    assert (health.provider, health.state) == ("gemini", state)


async def test_a_wrong_key_is_an_error_in_the_log_and_a_missing_one_is_not(caplog):
    caplog.set_level(logging.INFO)
    refused = Checked(AuthRejected("gemini: 401"))
    healths = ModelHealths({"gemini": refused}, {"openai": "openai: there is no key"})
    await healths.check()
    (record,) = [r for r in caplog.records if r.message == "models.checked"]
    assert (record.levelname, record.provider, record.state) == ("ERROR", "gemini", "wrong key")
    assert json.dumps([h.state for h in healths.known]) == '["wrong key", "no key"]'


async def test_nothing_is_claimed_before_the_check_has_ended():
    healths = ModelHealths({"gemini": Checked()}, {})
    assert [h.state for h in healths.known] == [ModelState.UNKNOWN]
    healths.begin()
    await healths.close()
