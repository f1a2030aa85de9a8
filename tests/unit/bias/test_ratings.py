from datetime import date

import pytest

from shared.bias.ratings import Ratings
from shared.domain.bias import Moment
from shared.domain.errors import NotFound
from shared.domain.ids import UserId
from tests.markets import open_market

FRIDAY = date(2020, 5, 29)
ANN, BOB = UserId("ann"), UserId("bob")


async def rated_market() -> Ratings:
    market = await open_market()
    await market.service().bias("SPY")
    return Ratings(market.documents, market.clock, market.entropy)


async def test_a_user_has_one_rating_of_a_bias_and_may_change_it():
    ratings = await rated_market()
    await ratings.rate(ANN, "SPY", FRIDAY, Moment.CLOSE, 2)
    again = await ratings.rate(ANN, "SPY", FRIDAY, Moment.CLOSE, 4)
    assert await ratings.of_user(ANN) == [again]
    assert (again.rating, again.prompt_set) == (4, "rules.v3")


async def test_ratings_of_several_users_are_kept_apart_and_read_together():
    ratings = await rated_market()
    await ratings.rate(ANN, "SPY", FRIDAY, Moment.CLOSE, 2)
    await ratings.rate(BOB, "SPY", FRIDAY, Moment.CLOSE, 5)
    assert [r.rating for r in await ratings.of_user(BOB)] == [5]
    assert sorted(r.rating for r in await ratings.between(FRIDAY, FRIDAY)) == [2, 5]
    assert await ratings.between(date(2020, 6, 1), date(2020, 6, 30)) == []


async def test_a_users_ratings_are_read_from_a_session_on():
    ratings = await rated_market()
    given = await ratings.rate(ANN, "SPY", FRIDAY, Moment.CLOSE, 2)
    assert await ratings.of_user(ANN, since=FRIDAY) == [given]
    assert await ratings.of_user(ANN, since=date(2020, 5, 30)) == []


async def test_a_bias_that_is_rated_anew_counts_once():
    ratings = await rated_market()
    for rating in (2, 5, 5):
        await ratings.rate(ANN, "SPY", FRIDAY, Moment.CLOSE, rating)
    assert [r.rating for r in await ratings.between(FRIDAY, FRIDAY)] == [5]


async def test_a_rating_can_be_taken_back():
    ratings = await rated_market()
    await ratings.rate(ANN, "SPY", FRIDAY, Moment.CLOSE, 2)
    for _ in range(2):
        await ratings.take_back(ANN, "SPY", FRIDAY, Moment.CLOSE)
    assert await ratings.of_user(ANN) == []


async def test_only_a_bias_that_was_given_can_be_rated():
    ratings = await rated_market()
    with pytest.raises(NotFound, match="no pre_open bias of SPY"):
        await ratings.rate(ANN, "SPY", FRIDAY, Moment.PRE_OPEN, 3)
