"""A whole bias while providers fail: the logs say who did what at what price, and not a word more.

Real adapters, SDKs and guards against the models on the wire; the lines are those of the process.
"""

import io
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from infra.simulators.models.__main__ import BothProviders
from infra.simulators.models.faults import Fault, line_of
from infra.simulators.models.http_door import HttpDoor
from infra.simulators.models.script import author
from shared.bias.serving.service import Served
from shared.config import BiasSettings
from shared.domain.bias import Step
from shared.telemetry import configure_logging
from shared.wiring.models.analysts import open_analysts
from tests.markets import open_market

KEYS = ("gemini-key-4711", "openai-key-4712")
PASSWORD = "proxy-pass-4713"
LEAST_TELLING = 24  # characters: a shorter line of a prompt may be a name that logs may hold
FAULTS = (Fault.BAD_KEY, Fault.RATE_LIMITED, Fault.INTERNAL, Fault.CUT_STREAM, Fault.PROMPT_ECHO)
Lines = list[dict[str, object]]


@pytest.fixture
def logs() -> Iterator[Callable[[], str]]:
    """Log as a deployed function does, and give the test's own logging back."""
    root, lines = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    others = {name: logging.getLogger(name).level for name in root.manager.loggerDict}
    root.handlers.clear()  # else what was configured before is shut, pytest's own too
    configure_logging("INFO")
    (ours,) = root.handlers
    assert isinstance(ours, logging.StreamHandler)
    ours.setStream(lines)
    yield lines.getvalue
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, known in others.items():
        logging.getLogger(name).setLevel(known)


@pytest.fixture
def both() -> BothProviders:
    both = BothProviders()
    both.gemini.key, both.openai.key = KEYS
    return both


@pytest.fixture
async def settings(both: BothProviders) -> AsyncIterator[BiasSettings]:
    with HttpDoor(both) as door:
        yield BiasSettings(
            gemini_api_key=KEYS[0],
            gemini_base_url=door.url.replace("://", f"://daybias:{PASSWORD}@"),
            openai_api_key=KEYS[1],
            openai_base_url=f"{door.url}/v1",  # a login in it would take the place of the key
        )


async def bias_of(settings: BiasSettings) -> Served:
    market = await open_market()
    analysts = await open_analysts(settings, market.foundation())
    answer = await market.service(analysts.router).bias("SPY")
    await analysts.close()
    assert isinstance(answer, Served)
    return answer


def told(lines: Lines, event: str, *names: str) -> list[tuple[object, ...]]:
    return [tuple(line.get(name) for name in names) for line in lines if line["message"] == event]


def words_of(both: BothProviders) -> set[str]:
    """Every line that was sent as a prompt or would have been answered."""
    texts = [text for stage in (both.gemini, both.openai) for text in _strings(stage.requests)]
    lines = {line.strip() for text in texts for line in text.splitlines()}
    return {line for line in lines if len(line) >= LEAST_TELLING}


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for one in value.values():
                yield from _strings(one)
        case list():
            for one in value:
                yield from _strings(one)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_bias_whose_providers_fail_is_logged_without_a_word_of_it(
    fault, both, settings, logs
):
    both.gemini.otherwise, both.openai.otherwise = line_of(fault), line_of(Fault.OVERLOADED)
    answer = await bias_of(settings)
    logged = logs()
    assert {section.provider for section in answer.bias.sections} == {"rules"}
    assert len(words_of(both)) > 50
    assert "analyst.wrote" in logged
    assert [words for words in words_of(both) if words in logged] == []
    assert [secret for secret in (*KEYS, PASSWORD, "://") if secret in logged] == []


@pytest.mark.parametrize("fault", FAULTS)
async def test_an_operator_is_told_of_each_step_who_was_asked_what_came_and_what_it_took(
    fault, both, settings, logs
):
    both.gemini.otherwise, both.openai.otherwise = line_of(fault), line_of(Fault.OVERLOADED)
    await bias_of(settings)
    lines = [json.loads(line) for line in logs().splitlines()]
    asked = told(lines, "analyst.asked", "step", "provider")
    assert sorted(asked) == sorted((s, p) for s in Step for p in ("gemini", "openai"))
    failed = "refused" if fault is Fault.PROMPT_ECHO else "failed"
    outcomes = set(told(lines, "analyst.asked", "provider", "outcome"))
    resting = {("gemini", "withheld"), ("openai", "withheld")}  # the breaker knows them by then
    assert outcomes - resting == {("gemini", failed), ("openai", "failed")}
    for errors, cost, duration in told(lines, "analyst.asked", "errors", "cost_usd", "duration_ms"):
        assert errors or failed == "refused"
        assert cost
        assert isinstance(duration, int)
    wrote = told(lines, "analyst.wrote", "step", "provider", "passed_over")
    assert sorted(wrote) == sorted((step, "rules", 2) for step in Step)
    assert told(lines, "bias.served", "instrument", "cache") == [("SPY", "fresh")]


async def test_an_answer_that_is_taken_is_logged_by_its_author_and_not_by_its_words(
    both, settings, logs
):
    both.gemini.otherwise = author
    answer = await bias_of(settings)
    logged = logs()
    lines = [json.loads(line) for line in logged.splitlines()]
    assert {section.provider for section in answer.bias.sections} == {"gemini"}
    assert [s.headline for s in answer.bias.sections if s.headline in logged] == []
    # the table of prices begins later than this replayed day: unknown, and never 0
    assert told(lines, "analyst.asked", "outcome", "cost_usd") == [("first", "unknown")] * 6
