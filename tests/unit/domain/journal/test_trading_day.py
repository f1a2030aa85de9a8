from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest

from shared.domain.execution import AssetClass
from shared.domain.journal.trading_day import trading_day


@dataclass(frozen=True)
class Case:
    id: str
    asset_class: AssetClass
    at: datetime
    day: date


CASES = (
    Case(
        "share in the morning",
        AssetClass.EQUITY,
        datetime(2020, 5, 26, 14, tzinfo=UTC),
        date(2020, 5, 26),
    ),
    Case(
        "share after hours",
        AssetClass.EQUITY,
        datetime(2020, 5, 26, 23, 59, tzinfo=UTC),
        date(2020, 5, 26),
    ),
    Case(
        "share overnight on Friday",
        AssetClass.EQUITY,
        datetime(2020, 5, 30, 0, tzinfo=UTC),
        date(2020, 6, 1),
    ),
    Case(
        "future on Sunday evening",
        AssetClass.FUTURE,
        datetime(2020, 5, 31, 22, 5, tzinfo=UTC),
        date(2020, 6, 1),
    ),
    Case(
        "future before the break",
        AssetClass.FUTURE,
        datetime(2020, 5, 26, 20, 59, tzinfo=UTC),
        date(2020, 5, 26),
    ),
    Case(
        "FX at the turn of the dealing day",
        AssetClass.FX,
        datetime(2020, 5, 26, 21, 0, tzinfo=UTC),
        date(2020, 5, 27),
    ),
    Case(
        "CFD at the turn of the dealing day",
        AssetClass.CFD,
        datetime(2020, 5, 26, 21, 0, tzinfo=UTC),
        date(2020, 5, 27),
    ),
    Case(
        "coin on a Saturday",
        AssetClass.CRYPTO,
        datetime(2020, 5, 30, 23, 59, tzinfo=UTC),
        date(2020, 5, 30),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_fill_belongs_to_its_trading_day(case: Case) -> None:
    assert trading_day(case.asset_class, case.at) == case.day
