"""`daybias parse` on every sample of every broker, against what the broker's sheet says of it.

The tables in tests/fixtures/conformance were worked out from the sheets' field tables and the
samples, by a reading that shares no code with ours.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from shared.cli.main import app

FIXTURES = Path(__file__).parents[1] / "fixtures"
UNNAMED = {"alpaca", "binance"}  # rows that do not name their account
Row = dict[str, Any]


def parsed(broker: str, file: Path, endpoint: str = "") -> Row:
    more = ["--account", "A1"] * (broker in UNNAMED) + ["--endpoint", endpoint] * bool(endpoint)
    run = CliRunner().invoke(app, ["parse", broker, str(file), "--json", *more])
    assert run.exit_code == 0, run.output
    found: Row = json.loads(run.output)
    return found


def table(name: str) -> list[dict[str, str]]:
    with (FIXTURES / "conformance" / f"{name}.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


def shown(execution: Row) -> Row:
    """Write an execution as the table does: fees added up by currency, what is left out empty."""
    fees: defaultdict[str, Decimal] = defaultdict(Decimal)
    for fee in execution["fees"]:
        fees[fee["currency"]] += Decimal(fee["amount"])
    return {
        **{name: str(value) if value is not None else "" for name, value in execution.items()},
        "fees": " ".join(f"{total.normalize():f} {c}" for c, total in sorted(fees.items())),
        "status": execution.get("status", ""),
        "unknown": " ".join(execution.get("unknown", ())),
    }


EXECUTIONS = table("executions")
EVENTS = table("events")
SAMPLES = sorted({(row["broker"], row["file"], row["endpoint"]) for row in EXECUTIONS})


@pytest.mark.parametrize(("broker", "file", "endpoint"), SAMPLES)
def test_a_sample_gives_the_executions_that_its_sheet_describes(
    broker: str, file: str, endpoint: str
) -> None:
    found = [shown(one) for one in parsed(broker, FIXTURES / broker / file, endpoint)["executions"]]
    told = [
        {name: row[name] for name in row if name not in {"broker", "file", "endpoint"}}
        for row in EXECUTIONS
        if (row["broker"], row["file"], row["endpoint"]) == (broker, file, endpoint)
    ]
    by_id = [
        sorted(rows, key=lambda row: json.dumps(row, sort_keys=True)) for rows in (found, told)
    ]
    assert by_id[0] == by_id[1]


@pytest.mark.parametrize(("broker", "file"), sorted({(r["broker"], r["file"]) for r in EVENTS}))
def test_a_sample_gives_the_events_that_its_sheet_describes(broker: str, file: str) -> None:
    told = [row for row in EVENTS if (row["broker"], row["file"]) == (broker, file)]
    fields = [name for name in told[0] if name not in {"broker", "file"}]
    found = parsed(broker, FIXTURES / broker / file)["events"]
    assert [{name: str(one.get(name) or "") for name in fields} for one in found] == [
        {name: row[name] for name in fields} for row in told
    ]


LEDGER = ["ledger: Commission", "ledger: ExchangeFee", "ledger: TradePaired"]  # told by fills
LEFT: dict[tuple[str, str], tuple[list[str], list[str]]] = {
    ("schwab", "orders_filled.json"): (
        [],
        ["an order: fills with ids and fees are in the transactions alone"],
    ),
    ("binance", "usdm_income.json"): (["COMMISSION", "REALIZED_PNL"], []),
    ("tradestation", "historicalorders_page2.json"): (
        ["order without a fill"],
        ["Error 'Forbidden': nothing was given"],
    ),
    ("tradestation", "stream_orders.ndjson"): (["line of a stream without an order"] * 3, []),
    ("tradovate", "cash_balance_log_deps.json"): (LEDGER, []),
    ("tradovate", "session.json"): (LEDGER, []),
    ("ibkr", "activity_options_cancel_rebook_exercise.xml"): (["OptionEAE"] * 4, []),
    ("ibkr", "activity_stock_partial_fills.xml"): (["OpenPosition"], []),
    ("ibkr", "activity_three_accounts.xml"): (
        ["AccountInformation"] * 3 + ["CashReportCurrency"] * 2 + ["OpenPosition"],
        [],
    ),
    ("ibkr", "trade_confirms_all_attributes.xml"): (["Order", "SymbolSummary"], []),
    ("ibkr", "all_attributes_rows.xml"): (
        [
            "AccountInformation", "AssetSummary", "ConversionRate", "Lot", "OpenPosition",
            "OptionEAE", "Order",
        ],
        [
            "transactionID: expected text, found None",
            "type: corporate action 'TC' is not supported yet; kept until then",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("broker", "file"), sorted({*LEFT, *((broker, file) for broker, file, _ in SAMPLES)})
)
def test_what_is_no_row_of_the_log_is_named(broker: str, file: str) -> None:
    endpoint = "fills_report" if file.endswith(".csv") else ""
    found = parsed(broker, FIXTURES / broker / file, endpoint)
    reasons = [sorted(one["reason"] for one in found[k]) for k in ("ignored", "unparseable")]
    assert reasons == [*LEFT.get((broker, file), ([], []))]


def rows_alone(broker: str, file: Path) -> Iterator[str]:
    """Give each row of a sample as a file of its own."""
    if file.suffix == ".xml":
        trades = [e for e in ET.parse(file).iter() if e.tag in ("Trade", "TradeConfirm")]
        yield from (ET.tostring(one, encoding="unicode") for one in trades)
        return
    body = json.loads(file.read_text(), parse_float=str)
    names = {"oanda": "transactions", "topstepx": "trades", "tradestation": "Orders"}
    rows = body["data"]["items"] if broker == "tastytrade" else body
    for row in rows[names[broker]] if broker in names else rows:
        yield json.dumps(row)


ALONE = [
    ("alpaca", "activities_fill_page1.json"),
    ("alpaca", "activities_non_trade.json"),
    ("oanda", "idrange_page2.json"),
    ("topstepx", "trades.json"),
    ("schwab", "transactions_expiry_and_assignment.json"),
    ("tradestation", "historicalorders_page1.json"),
    ("tradovate", "fill_list.json"),
    ("tradovate", "cash_balance_log_deps.json"),
    ("tastytrade", "transactions_events.json"),
    ("binance", "spot_mytrades.json"),
    ("binance", "usdm_usertrades.json"),
    ("ibkr", "activity_stock_partial_fills.xml"),
    ("ibkr", "trade_confirms_today.xml"),
]


@pytest.mark.parametrize(("broker", "file"), ALONE)
def test_a_row_alone_is_read_as_in_its_answer(broker: str, file: str, tmp_path: Path) -> None:
    whole = parsed(broker, FIXTURES / broker / file)
    apart: dict[str, list[Row]] = {"executions": [], "events": []}
    for place, text in enumerate(rows_alone(broker, FIXTURES / broker / file)):
        one = tmp_path / f"{place}.txt"
        one.write_text(text)
        found = parsed(broker, one)
        assert found["unparseable"] == []
        for kind in apart:
            apart[kind] += found[kind]
    assert apart == {kind: whole[kind] for kind in apart}
