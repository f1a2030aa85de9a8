"""Flex documents as XML: reports, and the short answers beside them."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from xml.sax.saxutils import escape, quoteattr

from infra.simulators.brokers.ibkr.account import Account, Booked, confirmation, instrument
from infra.simulators.brokers.wire import Answer
from shared.domain.money import decimal_text
from shared.domain.time import NEW_YORK

_XML = {"content-type": "text/xml;charset=UTF-8"}
_SECTIONS = ("Trades", "OptionEAE", "CashTransactions", "CorporateActions", "Transfers")
_NO_SUM = "BASE_SUMMARY"


def xml(body: str, status: int = 200) -> Answer:
    """Answer with XML."""
    return Answer(status, body.encode(), dict(_XML))


def short_answer(now: datetime, status: str, **children: str) -> Answer:
    """Answer without a report: a reference, or an error."""
    told = now.astimezone(NEW_YORK)
    when = f"{told:%d %B, %Y %I:%M %p} {told.tzname()}"
    lines = [f"<FlexStatementResponse timestamp='{when}'>", f"<Status>{status}</Status>"]
    lines += [f"<{name}>{escape(text)}</{name}>" for name, text in children.items()]
    return xml("\n".join([*lines, "</FlexStatementResponse>"]) + "\n")


def report(kind: str, statements: Iterable[str]) -> Answer:
    """Answer with a whole report."""
    found = list(statements)
    head = f'<FlexQueryResponse queryName="simulated" type="{kind}">'
    count = f'<FlexStatements count="{len(found)}">'
    return xml("\n".join([head, count, *found, "</FlexStatements>", "</FlexQueryResponse>"]) + "\n")


def activity(
    account: Account, first: date, last: date, now: datetime, omitted: Collection[str]
) -> str:
    """Render one account's activity of some days; `omitted` names sections and Element.columns."""
    rows = [row for row in account.known(now) if first <= row.day <= last]
    sections = {
        "AccountInformation": [_information(account, omitted)],
        "OpenPositions": _positions(account, last, now, omitted),
        "CashReport": _cash(account, last, now, omitted),
    }
    for section in _SECTIONS:
        sections[section] = [_row(account, r, omitted) for r in rows if r.section == section]
    lines: list[str] = []
    for name, found in sections.items():
        if name in omitted:
            continue
        single = name == "AccountInformation"
        lines += found if single else [f"<{name}>", *found, f"</{name}>"]
    return _statement(account, first, last, now, lines)


def confirmations(
    account: Account, rows: Iterable[Booked], day: date, now: datetime, omitted: Collection[str]
) -> str:
    """Render one account's trade confirmations."""
    found = [
        element("TradeConfirm", _named(account, confirmation(row.fields)), omitted) for row in rows
    ]
    return _statement(account, day, day, now, ["<TradeConfirms>", *found, "</TradeConfirms>"])


def element(name: str, fields: Mapping[str, str], omitted: Collection[str] = ()) -> str:
    """Render one row without the columns that the query leaves out."""
    kept = {column: text for column, text in fields.items() if f"{name}.{column}" not in omitted}
    return f"<{name} " + " ".join(f"{c}={quoteattr(text)}" for c, text in kept.items()) + " />"


def _statement(account: Account, first: date, last: date, now: datetime, lines: list[str]) -> str:
    told = now.astimezone(NEW_YORK)
    head = (
        f'<FlexStatement accountId="{account.account_id}" fromDate="{first:%Y%m%d}" '
        f'toDate="{last:%Y%m%d}" period="" whenGenerated="{told:%Y%m%d;%H%M%S}">'
    )
    return "\n".join([head, *lines, "</FlexStatement>"])


def _row(account: Account, row: Booked, omitted: Collection[str]) -> str:
    return element(row.element, _named(account, row.fields), omitted)


def _named(account: Account, fields: Mapping[str, str]) -> dict[str, str]:
    return {"accountId": account.account_id, **fields}


def _information(account: Account, omitted: Collection[str]) -> str:
    told = {"currency": account.currency, "dateOpened": f"{account.opened_on:%Y%m%d}"}
    return element("AccountInformation", _named(account, told), omitted)


def _positions(account: Account, last: date, now: datetime, omitted: Collection[str]) -> list[str]:
    described = {row.symbol: row.fields for row in account.book if row.symbol}
    lines = []
    for symbol, held in account.holdings(last, now).items():
        told = described[symbol]
        if told["assetCategory"] == "CASH":
            continue  # currencies are money, not positions
        names = instrument(symbol, "", held.quantity, "").keys()
        fields = {name: told[name] for name in names} | {
            "reportDate": f"{last:%Y%m%d}",
            "position": decimal_text(held.quantity),
            "costBasisPrice": decimal_text(held.average),
            "side": "Long" if held.quantity > 0 else "Short",
        }
        for level in ("SUMMARY", "LOT"):
            fields = {**fields, "levelOfDetail": level}
            lines.append(element("OpenPosition", _named(account, fields), omitted))
    return lines


def _cash(account: Account, last: date, now: datetime, omitted: Collection[str]) -> list[str]:
    ending = decimal_text(account.money(last, now))
    return [
        element(
            "CashReportCurrency", _named(account, {"currency": name, "endingCash": ending}), omitted
        )
        for name in (_NO_SUM, account.currency)
    ]
