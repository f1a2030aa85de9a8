from datetime import UTC, datetime, timedelta

import httpx
import pytest

from infra.local.gateway import Gateway
from infra.package import ROOT
from shared.market.registry import load_instruments
from tests.twins.manual_clock import ManualClock

THURSDAY_EVENING = datetime(2020, 5, 28, 21, 5, tzinfo=UTC)  # 17:05 New York: closes are past


@pytest.fixture
async def gateway(tmp_path):
    """The whole system on open prices, standing on Thursday evening after the closes."""
    clock = ManualClock(THURSDAY_EVENING)
    data = ROOT / "infra" / "local" / "data"
    async with Gateway(tmp_path / "state", clock=clock, data_dir=data) as gateway:
        await gateway.run("refresh_market")
        yield gateway


async def test_the_board_has_all_21_in_the_order_of_the_house(gateway):
    entries = (await gateway.get("/v1/bias")).json()["entries"]
    assert [entry["instrument"] for entry in entries] == list(load_instruments())


async def test_every_line_of_the_board_has_its_name_and_icon(gateway):
    entries = (await gateway.get("/v1/bias")).json()["entries"]
    shown = [(entry["name"], entry["icon"]) for entry in entries]
    assert shown == [(i.name, i.icon) for i in load_instruments().values()]
    assert all(icon.strip() for _, icon in shown)


async def test_an_instrument_without_a_bias_says_why(gateway):
    entries = (await gateway.get("/v1/bias")).json()["entries"]
    missing = [entry for entry in entries if "forecast" not in entry]
    assert len(missing) == 8
    assert all(entry["reason"] for entry in missing)


async def test_the_second_answer_is_the_first_from_the_cache(gateway):
    first, second = [await gateway.get("/v1/bias/SPY") for _ in range(2)]
    caches = [answer.headers["daybias-cache"] for answer in (first, second)]
    assert (caches, first.content == second.content) == (["fresh", "cached"], True)


async def test_whoever_has_the_answer_already_gets_304(gateway):
    tag = (await gateway.get("/v1/bias/SPY")).headers["etag"]
    transport = httpx.ASGITransport(gateway.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        again = await http.get("/v1/bias/SPY", headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")


async def test_head_is_answered_as_get_without_a_body_and_options_with_the_methods(gateway):
    transport = httpx.ASGITransport(gateway.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        got, headed = await http.get("/v1/bias/SPY"), await http.head("/v1/bias/SPY")
        asked = await http.options("/v1/bias/SPY")
    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers["etag"] == got.headers["etag"]
    assert headed.headers["content-length"] == str(len(got.content))
    assert (asked.status_code, asked.headers["allow"]) == (405, "GET")


async def test_an_answer_tells_how_long_it_took(gateway):
    assert (await gateway.get("/v1/bias/SPY")).headers["server-timing"].startswith("bias;dur=")


async def test_an_unknown_instrument_names_the_21(gateway):
    answer = await gateway.get("/v1/bias/GME")
    assert (answer.status_code, answer.json()["type"]) == (
        404,
        "urn:daybias:problem:unknown-instrument",
    )
    assert answer.json()["expected"] == list(load_instruments())


@pytest.mark.parametrize(
    ("path", "slug"),
    [
        ("/v1/scores/yesterday", "invalid-parameters"),
        ("/v1/bias/SPY?moment=midnight", "invalid-parameters"),
    ],
)
async def test_bad_input_is_a_problem_that_names_what_was_expected(gateway, path, slug):
    body = (await gateway.get(path)).json()
    assert (body["type"], bool(body["expected"])) == (f"urn:daybias:problem:{slug}", True)


async def test_a_forecast_of_record_is_written_once(gateway):
    first = (await gateway.post("/v1/bias/record")).json()
    second = (await gateway.post("/v1/bias/record")).json()
    assert (len(first["written"]), second["written"]) == (13, [])
    assert sorted(second["already"]) == sorted(first["written"])


async def test_the_update_of_a_moment_is_written_before_anybody_reads(gateway):
    gateway.foundation.clock.advance(timedelta(hours=15, minutes=10))  # 08:15 New York
    first = (await gateway.post("/v1/bias/update")).json()
    second = (await gateway.post("/v1/bias/update")).json()
    read = await gateway.get("/v1/bias/SPY")
    assert (len(first["written"]), second["written"]) == (13, [])
    assert (read.json()["moment"], read.headers["daybias-cache"]) == ("pre_open", "cached")


async def test_recording_is_not_for_browsers_that_only_read(gateway):
    answer = await gateway.get("/v1/bias/record")
    assert answer.json()["type"] == "urn:daybias:problem:unknown-instrument"


async def test_scores_come_with_what_they_do_not_prove(gateway):
    answer = (await gateway.get("/v1/scores/2020-05-28")).json()
    assert (answer["scores"], answer["caveat"].startswith("One day proves nothing")) == ([], True)


async def test_the_state_of_market_data_is_told_with_provider_and_age(gateway):
    found = (await gateway.get("/v1/bias/market")).json()
    spy = next(s for s in found["served"] if (s["symbol"], s["timeframe"]) == ("SPY", "1d"))
    assert (spy["provider"], spy["age_h"]) == ("files", 1.1)
    assert found["missing"] == ["YM", "CL", "NG", "SI", "HG", "ZN", "ZB", "BTCUSD"]
    assert found["failures"] == []


async def test_before_the_first_refresh_there_is_nothing_to_tell(tmp_path):
    async with Gateway(tmp_path / "state", clock=ManualClock(THURSDAY_EVENING)) as fresh:
        assert (await fresh.get("/v1/bias/market")).status_code == 404


async def test_a_moment_without_a_snapshot_is_not_found_and_the_current_one_is_named(gateway):
    answer = await gateway.get("/v1/bias/SPY?moment=pre_open")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:daybias:problem:no-snapshot"
    assert "the current one is close" in answer.json()["detail"]


async def test_without_any_bars_the_answer_is_a_problem_that_says_why(gateway):
    answer = await gateway.get("/v1/bias/YM")
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:daybias:problem:no-bias"
    assert "no openly licensed daily bars of YM" in answer.json()["detail"]
