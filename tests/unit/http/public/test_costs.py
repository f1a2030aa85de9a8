from decimal import Decimal

import httpx
from fastapi import FastAPI

from shared.analyst.accounts.ledger import Ledger
from shared.http.public.costs import costs_router
from tests.twins.memory_documents import MemoryDocuments
from tests.unit.analyst.accounts.test_ledger import use


async def test_a_days_costs_are_told_by_what_is_asked():
    ledger = Ledger(MemoryDocuments())
    await ledger.note(use())
    app = FastAPI()
    app.include_router(costs_router(ledger))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/v1/bias/costs/2026-11-24?by=instrument")
        empty = await client.get("/v1/bias/costs/2026-11-23")
    body = answer.json()
    assert (body["items"][0]["name"], Decimal(body["total"]["cost_usd"])) == ("ES", Decimal("0.01"))
    assert (empty.json()["items"], empty.json()["total"]["sections"]) == ([], 0)
