from datetime import timedelta

from shared.config import BiasSettings
from shared.wiring.doctor.ages import data_ages
from shared.wiring.doctor.finding import Condition
from tests.markets import Market, open_market


async def told(market: Market) -> dict[str, Condition]:
    found = await data_ages(BiasSettings(), market.foundation())
    return {finding.part: finding.condition for finding in found}


async def test_bars_of_the_last_session_are_ok_and_missing_ones_absent():
    ages = await told(await open_market())
    assert (ages["daily bars of SPY"], ages["daily bars of YM"]) == ("ok", "absent")
    assert (ages["daily bars of VIX"], ages["calendar"]) == ("ok", "ok")


async def test_bars_that_no_longer_come_are_old():
    market = await open_market()
    market.clock.advance(timedelta(days=10))
    assert (await told(market))["daily bars of SPY"] == Condition.OLD
