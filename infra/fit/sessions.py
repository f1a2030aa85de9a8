"""Write shared/market/sessions.json from exchange-calendars (ADR 0006).

`python -m infra.fit.sessions` rewrites it, `--check` prints the drift and ends with 1.
"""

import json
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

FIRST = date(2011, 1, 1)
LAST = date(2027, 6, 30)  # how far exchange-calendars knows the exchanges' own announcements
TABLE = Path(__file__).parents[2] / "shared" / "market" / "sessions.json"
LISTED = ("CMES", "XNYS")
# Spot FX has no exchange. The library's 24/5 keeps every weekday; dealing stops on these two, as
# the open bars show (no row of EURUSD, GBPUSD or USDJPY on them from 2015 to 2020).
SPOT_FX_HOLIDAYS = ("01-01", "12-25")


def _weekdays() -> list[date]:
    days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    return [day for day in days if day.weekday() < 5]


def _listed(name: str) -> dict[str, Any]:
    import exchange_calendars as xc

    calendar = xc.get_calendar(name, start=FIRST.isoformat(), end=LAST.isoformat())
    closes = calendar.schedule["close"].dt.tz_convert("America/New_York")
    sessions = {stamp.date(): close for stamp, close in closes.items()}
    usual = closes.dt.strftime("%H:%M").mode()[0]
    weekend = [str(day) for day in sessions if day.weekday() > 4]
    if weekend:
        raise SystemExit(f"{name} trades at weekends, which the table cannot say: {weekend[:3]}")
    return {
        "weekend": False,
        "holidays": [d.isoformat() for d in _weekdays() if d not in sessions],
        "early_closes": {
            d.isoformat(): close.strftime("%H:%M")
            for d, close in sessions.items()
            if close.strftime("%H:%M") != usual
        },
    }


def build() -> str:
    """Render the table: for each calendar its holidays, and its early closes in New York time."""
    spot = [d.isoformat() for d in _weekdays() if d.isoformat()[5:] in SPOT_FX_HOLIDAYS]
    calendars = {
        "24/7": {"weekend": True, "holidays": [], "early_closes": {}},
        "SPOT_FX": {"weekend": False, "holidays": spot, "early_closes": {}},
        **{name: _listed(name) for name in LISTED},
    }
    table = {"from": FIRST.isoformat(), "until": LAST.isoformat(), "calendars": calendars}
    return json.dumps(table, indent=1, sort_keys=True) + "\n"


def main() -> int:
    text = build()
    if "--check" in sys.argv:
        drifted = text != TABLE.read_text(encoding="utf-8")
        print("sessions.json drifted from exchange-calendars" if drifted else "sessions.json: same")
        return int(drifted)
    TABLE.write_text(text, encoding="utf-8")
    print(f"{TABLE.name}: {len(text):,} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
