"""Who writes which step, by the settings: keys, orders, a server of one's own."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from shared.analyst.deadline import Deadline
from shared.analyst.library import load_library
from shared.analyst.router import Router
from shared.config import BiasSettings, load
from shared.domain.bias import Section, Step
from shared.domain.errors import ConfigError
from shared.wiring.local import open_stack
from shared.wiring.models.analysts import open_analysts
from tests.markets import small_forecast, small_snapshot
from tests.twins.manual_clock import ManualClock

Opened = Callable[..., AbstractAsyncContextManager[Router]]


@pytest.fixture
def opened(tmp_path) -> Opened:
    @asynccontextmanager
    async def open_with(secrets: dict[str, bytes] | None = None, **given) -> AsyncIterator[Router]:
        settings = BiasSettings(profile="local", state_dir=tmp_path, **given)
        base = open_stack(settings).foundation
        for name, value in (secrets or {}).items():
            await base.secrets.add(name, value)
        analysts = await open_analysts(settings, base)
        yield analysts.router
        await analysts.close()
        await base.close()

    return open_with


async def section(router: Router, step: Step = Step.FLUX) -> Section:
    deadline = Deadline.within(ManualClock(), 60)
    return await router.section(step, small_snapshot(), small_forecast(), (), deadline=deadline)


def names(router: Router) -> list[str]:
    return [name.partition(".")[0] for name in router.name.split("+")]


async def test_the_settings_choose_which_version_of_a_prompt_is_used(opened):
    async with opened(gemini_api_key="never-used", prompt_versions={"flux": 1}) as router:
        assert load_library().choose({Step.FLUX: 1}).set_id in router.name


async def test_an_experiment_stands_in_the_place_of_its_providers_author(opened, tmp_path):
    declared = tmp_path / "experiments.toml"
    arms = '[{ name = "a", model = "gemini-3.8-flash" }, { name = "b", prompts = { flux = 1 } }]'
    declared.write_text(
        f"[[experiments]]\nid = 'terse'\nversion = 1\nhypothesis = 'as good'\nprovider = 'gemini'\n"
        f"since = 2026-01-01\nuntil = 2099-01-01\narms = {arms}\n"
    )
    keys = {"gemini_api_key": "never-used", "openai_api_key": "never-used"}
    async with opened(**keys, experiments=declared) as router:
        gemini, openai, _ = router.name.split("+")
    assert "~terse.v1-" in gemini
    assert "~" not in openai


async def test_without_any_key_the_rules_write_and_say_what_is_missing(opened):
    async with opened() as router:
        written = await section(router)
    assert names(router) == ["rules"]
    assert written.degraded == "gemini: there is no key; openai: there is no key"


async def test_keys_come_from_the_settings_or_from_the_secrets(opened):
    async with opened({"openai-api-key": b"never-used\n"}, gemini_api_key="never-used") as router:
        assert names(router) == ["gemini", "openai", "rules"]


async def test_an_empty_key_is_none(opened):
    async with opened({"openai-api-key": b"\n"}, gemini_api_key="") as router:
        assert names(router) == ["rules"]


async def test_an_order_of_its_own_holds_for_a_step_and_the_common_one_for_the_others(opened):
    keys = {"gemini_api_key": "k", "openai_api_key": "k"}
    async with opened(
        **keys, model_order=["openai"], step_orders={"synthesis": ["gemini"]}
    ) as router:
        by_step = {s: [a.name.partition(".")[0] for a in router._orders[s]] for s in Step}
    assert by_step.pop(Step.SYNTHESIS) == ["gemini", "rules"]
    assert set(map(tuple, by_step.values())) == {("openai", "rules")}


async def test_an_empty_order_leaves_all_to_the_rules_and_nobody_is_missed(opened):
    async with opened(gemini_api_key="k", model_order=[]) as router:
        assert (await section(router)).degraded is None


async def test_a_server_of_ones_own_writes_without_a_key(opened):
    url = "http://127.0.0.1:1/v1"
    async with opened(local_base_url=url, local_model="small", model_order=["local"]) as router:
        assert names(router) == ["local", "rules"]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DAYBIAS_LOCAL_BASE_URL", "http://127.0.0.1:1/v1", "belong together"),
        ("DAYBIAS_MODEL_ORDER", '["openai", "openai"]', "once"),
        ("DAYBIAS_MODEL_ORDER", '["claude"]', "model_order"),
        ("DAYBIAS_STEP_ORDERS", '{"weather": ["gemini"]}', "step_orders"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(name, value, words, monkeypatch):
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=words):
        load(BiasSettings)


def test_in_the_cloud_a_key_travels_by_https_alone(monkeypatch):
    monkeypatch.setenv("DAYBIAS_PROFILE", "cloud")
    monkeypatch.setenv("DAYBIAS_PROJECT", "p")
    monkeypatch.setenv("DAYBIAS_OPENAI_BASE_URL", "http://example.com/v1")
    with pytest.raises(ConfigError, match="https"):
        load(BiasSettings)
