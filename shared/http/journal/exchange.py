"""Files in and out over HTTP: an import with its preview, exports as they are read."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from shared.domain.ids import AccountKey, UserId
from shared.http.accounts.owned import check_account
from shared.http.identity import Identify
from shared.journal.exports import Export, Form, Kind
from shared.journal.imports.importing import ImportExecutions, ImportReport
from shared.journal.imports.mapping import Mapping
from shared.journal.queries import JournalQueries
from shared.journal.storing.log import Outcome

_MAX_CHARACTERS = 9_000_000  # a function's request has 32 MB at most, and a file is read whole
_MEDIA = {Form.CSV: "text/csv; charset=utf-8", Form.JSONL: "application/jsonl"}


class ImportRequest(BaseModel):
    """A CSV file's text and how its columns are to be read."""

    model_config = ConfigDict(extra="forbid")

    mapping: Mapping
    csv: str = Field(max_length=_MAX_CHARACTERS)
    preview: bool = False
    keep_bad: bool = False


class BadLineView(BaseModel):
    """A line that cannot be read."""

    line: int
    reason: str


class DayCounts(BaseModel):
    """What a day's rows are, beside the log."""

    day: date
    new: int
    revised: int
    same: int


class ImportView(BaseModel):
    """What a file comes to; `run` is 0 for a preview, which stores nothing."""

    account_key: AccountKey
    run: int
    lines: int
    rows: int
    bad: list[BadLineView]
    days: list[DayCounts]


def exchange_router(
    imports: ImportExecutions, exports: Export, queries: JournalQueries, identify: Identify
) -> APIRouter:
    """Make the routes; `identify` names the user of a request or refuses it."""
    router = APIRouter()
    User = Annotated[UserId, Depends(identify)]  # noqa: N806 - a type

    @router.post("/v1/imports")
    async def import_file(user: User, asked: ImportRequest) -> ImportView:
        """Bring executions from a CSV file into an account of their own, or tell what would."""
        if asked.preview:
            return _view(await imports.preview(user, asked.mapping, asked.csv))
        done = await imports.run(user, asked.mapping, asked.csv, keep_bad=asked.keep_bad)
        return _view(done)

    @router.get("/v1/exports/{kind}", response_class=StreamingResponse)
    async def export(
        user: User,
        kind: Kind,
        form: Annotated[Form, Query(alias="format")] = Form.CSV,
        account: AccountKey | None = None,
    ) -> StreamingResponse:
        """Executions, account events, round trips or days, oldest first, every digit of them."""
        await check_account(queries, user, account)

        async def encoded() -> AsyncIterator[bytes]:
            async for line in exports.lines(user, kind, form, account):
                yield line.encode()

        name = f"daybias-{kind.value}.{form.value}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(encoded(), media_type=_MEDIA[form], headers=headers)

    return router


def _view(report: ImportReport) -> ImportView:
    return ImportView(
        account_key=report.account_key,
        run=report.run,
        lines=report.lines,
        rows=report.rows,
        bad=[BadLineView(line=bad.line, reason=bad.reason) for bad in report.bad],
        days=[_counts(day, counts) for day, counts in report.difference.items()],
    )


def _counts(day: date, counts: Counter[Outcome]) -> DayCounts:
    named = {name.value: counts[name] for name in (Outcome.NEW, Outcome.REVISED, Outcome.SAME)}
    return DayCounts(day=day, **named)
