"""The journal half of the replay: sync, sync again, and sync over a misbehaving bus."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.console import Console

from infra.local.demo import screens
from infra.local.demo.checks import Checks
from infra.local.demo.mischief import MischievousBus
from infra.local.demo.scenario import FRIDAY_EVENING, TRADERS, Scenario, Trader, later
from infra.local.gateway import Gateway
from infra.local.replay_clock import ReplayClock

_TICK_MINUTES = 20  # a little over the schedule's 15: everything is due again
_COUNTED = ("new", "same", "revised", "superseded")


class JournalActs:
    """Plays the journal's part and checks what it promises."""

    def __init__(
        self, gateway: Gateway, clock: ReplayClock, scenario: Scenario, checks: Checks
    ) -> None:
        self._gateway = gateway
        self._clock = clock
        self._scenario = scenario
        self._checks = checks

    async def backfill(self) -> None:
        """Sync the 90 days of all three accounts."""
        report = await self._gateway.tick("alpaca")
        await self._gateway.drain()
        await self._gateway.run("reconcile")
        self._checks.expect(
            "one tick asked for a sync of every connection", kept=report["due"] == 3, seen=report
        )
        await self._check_complete(self._clock.now(), "after the backfill")

    async def tick_again(self) -> None:
        """Sync when nothing has happened: every row is known, none is changed."""
        self._clock.move_to(later(self._clock.now(), _TICK_MINUTES))
        await self._gateway.tick("alpaca")
        await self._gateway.drain()
        runs = [(await self._runs(trader))[0] for trader in TRADERS]
        news = sum(run["new"] + run["revised"] for run in runs)
        reread = sum(run["same"] for run in runs)
        self._checks.expect(
            "the tick again: 0 new, 0 revised",
            kept=news == 0 and reread > 0 and all(run["run"] == 2 for run in runs),
            seen=f"{news} new or revised, {reread} read again and known",
        )

    async def misbehave(self, bus: MischievousBus) -> None:
        """Sync Friday's fills while one page comes twice and one late and out of order."""
        self._clock.move_to(FRIDAY_EVENING)
        bus.arm()
        await self._gateway.tick("alpaca")
        await self._gateway.drain()
        held = bus.held
        states = [(await self._runs(trader))[0]["state"] for trader in TRADERS]
        self._clock.move_to(later(FRIDAY_EVENING, _TICK_MINUTES))
        await self._gateway.tick("alpaca")
        await self._gateway.drain()
        await bus.release()
        await self._gateway.drain()
        await self._gateway.run("reconcile")
        self._checks.expect(
            "one page came twice, one late and out of order",
            kept=bus.doubled == 1 and held == 1,
            seen=f"{bus.doubled} doubled, {held} held back until a newer run had passed it",
        )
        self._checks.expect(
            "a run whose page is missing stays open",
            kept=states.count("fetched") == 1,
            seen=f"states before the late page: {', '.join(states)}",
        )
        await self._check_complete(self._clock.now(), "after the mischief")

    async def show(self, console: Console) -> None:
        """Show the journal's figures as the API gives them."""
        lines = [await self._account_line(trader) for trader in TRADERS]
        screens.rows(console, "Journal (simulated accounts, real prices)", lines)
        positions = (await self._json("/v1/positions"))["items"]
        labels = {trader.key: trader.name for trader in TRADERS}
        held = [
            {
                "account": labels[position["account_key"]],
                "symbol": position["root"],
                "quantity": position["quantity"],
                "average price": position["average_price"],
            }
            for position in positions
        ]
        screens.rows(console, "Open positions", held)

    async def _account_line(self, trader: Trader) -> dict[str, Any]:
        summary = await self._json(f"/v1/summary?account={trader.key}")
        state = await self._reconciliation(trader)
        (totals,) = summary["totals"]
        rate = summary["win_rate"]
        return {
            "account": trader.label,
            "executions": summary["executions"],
            "round trips": summary["round_trips"],
            "net P&L": f"{Decimal(totals['net']):,.2f} {totals['currency']}",
            "fees": f"{Decimal(totals['fees']) + Decimal(totals['day_fees']):,.2f}",
            "win rate": "-" if rate is None else f"{100 * Decimal(rate):.1f} %",
            "open": summary["open_positions"],
            "broker's positions": state["state"],
        }

    async def _check_complete(self, now: datetime, when: str) -> None:
        for trader in TRADERS:
            await self._check_account(trader, now, when)
        runs = [run for trader in TRADERS for run in await self._runs(trader)]
        open_runs = [run for run in runs if run["state"] != "closed"]
        uneven = [run for run in runs if run["rows"] != sum(run[name] for name in _COUNTED)]
        self._checks.expect(
            f"every run is closed and its receipts add up, {when}",
            kept=bool(runs) and not open_runs and not uneven,
            seen=f"{len(runs)} runs, {sum(run['rows'] for run in runs)} rows",
        )

    async def _check_account(self, trader: Trader, now: datetime, when: str) -> None:
        summary = await self._json(f"/v1/summary?account={trader.key}")
        fills = self._scenario.fills_until(now, trader.name)
        self._checks.expect(
            f"{trader.name}: every fill once, {when}",
            kept=summary["executions"] == fills,
            seen=f"{summary['executions']} of {fills}",
        )
        positions = (await self._json(f"/v1/positions?account={trader.key}"))["items"]
        ours = {p["root"]: Decimal(p["quantity"]) for p in positions}
        self._checks.expect(
            f"{trader.name}: positions equal the script's, {when}",
            kept=ours == self._scenario.positions_at(now, trader.name),
            seen=", ".join(f"{s} {q}" for s, q in sorted(ours.items())) or "flat",
        )
        state = await self._reconciliation(trader)
        self._checks.expect(
            f"{trader.name}: reconciled with the simulator's positions, {when}",
            kept=state["state"] == "agreed",
            seen=f"{state['state']} {state['reason']}".strip(),
        )

    async def _reconciliation(self, trader: Trader) -> dict[str, Any]:
        states: Sequence[dict[str, Any]] = (await self._json("/v1/reconciliation"))["items"]
        return next(s for s in states if s["account_key"] == trader.key)

    async def _runs(self, trader: Trader) -> list[dict[str, Any]]:
        runs: list[dict[str, Any]] = (await self._json(f"/v1/runs?account={trader.key}"))["items"]
        return runs

    async def _json(self, path: str) -> Any:
        return (await self._gateway.get(path)).raise_for_status().json()
