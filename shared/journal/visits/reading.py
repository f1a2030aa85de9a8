"""One raw row of a broker read into rows of the log, the same way in a sync and in a replay."""

from datetime import datetime
from typing import Any

from shared.brokers.engine.plausible import assert_known_units, assert_not_ahead
from shared.brokers.spec import BrokerAccount, HistoryEndpoint, Ignored, ParsedRow, ReportFile
from shared.domain.ids import row_key
from shared.domain.messages import ObservedRow
from shared.domain.row_body import row_body

Place = tuple[str, str, str]  # broker, environment, account id


def observe(
    endpoint: HistoryEndpoint | ReportFile,
    raw: Any,
    owner: BrokerAccount,
    place: Place,
    now: datetime,
) -> list[ObservedRow] | Ignored:
    """Parse a raw row, check it against what no row may say, and name its parts.

    Raises: UnparseableRow, of the whole: it is never taken in half.
    """
    parsed = endpoint.parse(raw, owner)
    if isinstance(parsed, Ignored):
        return parsed
    rows = (parsed,) if isinstance(parsed, ParsedRow) else parsed
    for one in rows:
        assert_known_units(one.row)
        assert_not_ahead(one.row, now)
    return [ObservedRow(key=row_key(*place, one.identity), row=row_body(one.row)) for one in rows]
