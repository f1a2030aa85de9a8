from dataclasses import replace
from datetime import date

import numpy as np

from shared.bias.backtest.labels import climatology
from shared.bias.backtest.rivals import analog_days
from shared.bias.backtest.walked import scored
from shared.domain.bias import Label
from shared.forecast import analogs


def test_always_bullish_hits_as_often_as_the_market_rose(found):
    rival = found["rivals"]["always_bullish"]
    assert rival["hit3"] == found["overall"]["hit3_always_bullish"]


def test_analog_days_know_no_label_that_had_not_closed(archive, test, chosen, monkeypatch):
    monkeypatch.setattr(analogs, "NEEDED", 20)
    base = climatology(archive, list(chosen.values()), test.days)
    whole = scored(test, base)
    chances = analog_days(test, whole).chances
    assert np.abs(chances - base).max() > 0.01
    cut = date(2020, 3, 2)
    turned = {Label.BULLISH: Label.BEARISH, Label.BEARISH: Label.BULLISH}
    days = [
        replace(d, outcome=turned.get(d.outcome, d.outcome)) if d.after.session >= cut else d
        for d in test.days
    ]
    changed = analog_days(replace(test, days=days), whole).chances
    early = np.array([d.after.session <= cut for d in test.days])
    np.testing.assert_array_equal(changed[early], chances[early])
    assert (changed != chances).any()
