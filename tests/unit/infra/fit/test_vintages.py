from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from infra.fit import vintages
from infra.fit.vintages import Table, fit, solve
from shared.forecast.predictors import PREDICTORS
from shared.forecast.vintages import load_vintages

COUNT = 900


def table(seed=2) -> Table:
    """Invented days, one a date, whose first predictor favours bull."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(COUNT, len(PREDICTORS)))
    values[:, -1] = 1.0  # never varies
    odds = np.exp(np.column_stack([np.zeros(COUNT), np.zeros(COUNT), 0.8 * values[:, 0]]))
    chances = odds / odds.sum(axis=1, keepdims=True)
    outcomes = np.array([random.choice(3, p=p) for p in chances])
    first = datetime(2018, 1, 1, 21, tzinfo=UTC)
    labelled = tuple(first + timedelta(days=n) for n in range(COUNT))
    return Table(("SPY",) * COUNT, labelled, values, outcomes)


def test_what_favoured_bull_is_found():
    slopes = fit(table(), date(2021, 1, 1), {}, penalty=1.0).slopes
    first = slopes[PREDICTORS[0].name]
    assert first.bull - first.bear == pytest.approx(0.8, abs=0.25)


def test_a_predictor_that_never_varied_has_no_slope():
    assert PREDICTORS[-1].name not in fit(table(), date(2021, 1, 1), {}).slopes


def test_days_of_the_week_before_a_tables_date_change_nothing_in_it():
    dated = date(2019, 7, 1)
    whole = table()
    changed = whole.outcomes.copy()
    late = np.array([at >= datetime(2019, 6, 24, tzinfo=UTC) for at in whole.labelled])
    changed[late] = 2 - changed[late]
    values = np.where(late[:, None], 99.0, whole.values)
    other = Table(whole.symbols, whole.labelled, values, changed)
    assert fit(whole, dated, {}) == fit(other, dated, {})


def test_the_last_label_that_may_enter_does():
    whole = table()
    changed = whole.outcomes.copy()
    last = next(i for i, at in enumerate(whole.labelled) if at.date() == date(2019, 6, 23))
    changed[last] = (changed[last] + 1) % 3
    other = Table(whole.symbols, whole.labelled, whole.values, changed)
    assert fit(whole, date(2019, 7, 1), {}) != fit(other, date(2019, 7, 1), {})


def test_the_solution_is_where_the_loss_is_flat():
    random = np.random.default_rng(4)
    inputs = np.column_stack([np.ones(300), random.normal(size=(300, 2))])
    outcomes = random.integers(0, 3, 300)
    offsets = np.zeros((300, 2))

    def loss(weights):
        odds = np.exp(inputs @ weights)
        total = np.log1p(odds.sum(axis=1))
        came = [np.log(odds[outcomes == k, c]).sum() for k, c in ((0, 0), (2, 1))]
        return total.sum() - sum(came) + 2.5 * (weights[1:] ** 2).sum()

    best = solve(inputs, outcomes, offsets, 5.0)
    nudges = [best + 1e-3 * d for d in np.eye(6).reshape(6, 3, 2)]
    nudges += [best - 1e-3 * d for d in np.eye(6).reshape(6, 3, 2)]
    assert all(loss(best) < loss(other) for other in nudges)


def test_a_stronger_penalty_gives_smaller_slopes():
    weak, strong = (fit(table(), date(2021, 1, 1), {}, penalty=p) for p in (1.0, 1000.0))
    name = PREDICTORS[0].name
    assert abs(strong.slopes[name].bull) < abs(weak.slopes[name].bull)


@pytest.mark.skipif(
    not vintages.DATA.is_dir(), reason=f"the 21 markets' prices are not here: {vintages.DATA}"
)
@pytest.mark.parametrize("table", load_vintages(), ids=lambda v: v.id)
def test_a_committed_table_names_the_rows_that_lie_in_the_data(table):
    symbols = tuple(table.instruments)
    assert vintages.data_hashes(vintages.DATA, symbols, table.fitted_until) == table.data
