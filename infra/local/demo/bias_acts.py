"""The bias half of the replay: forecasts of record, the shown board, the score."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from infra.local.demo import screens
from infra.local.demo.checks import Checks
from infra.local.demo.prices import DATA
from infra.local.demo.scenario import FRIDAY_PRE_OPEN, THURSDAY_EVENING, later
from infra.local.gateway import Gateway
from infra.local.replay_clock import ReplayClock
from shared.domain.passage import PassageKind
from shared.http.bias.app import Board, BoardEntry, NoBias
from shared.ports import Embedder
from shared.retrieval.search import SearchConfig
from shared.wiring.retrieval.local import open_local_retrieval

_AFTER_CACHE_MINUTES = 6  # the response cache keeps an answer for five

# Those of the 21 that open prices can serve, themselves or through a named proxy.
SERVED = (
    *("ES", "NQ", "RTY", "GC", "6E", "6B", "6J"),
    *("EURUSD", "GBPUSD", "USDJPY", "XAUUSD", "SPY", "QQQ"),
)


class BiasActs:
    """Plays the bias' part and checks what it promises."""

    def __init__(
        self, gateway: Gateway, clock: ReplayClock, checks: Checks, embedder: Embedder
    ) -> None:
        self._gateway = gateway
        self._embedder = embedder
        self._clock = clock
        self._checks = checks
        self.board: tuple[BoardEntry | NoBias, ...] = ()
        self._timing = ""

    async def record(self) -> None:
        """Write the forecasts of record on the evening before."""
        await self._gateway.run("refresh_market")
        report = (await self._gateway.post("/v1/bias/record")).raise_for_status().json()
        self._checks.expect(
            "13 forecasts of record were written before their cut-off",
            kept=len(report["written"]) == len(SERVED),
            seen=", ".join(report["written"]),
        )

    async def pre_open(self, scratch: Path) -> None:
        """Answer the board at 08:15 New York, again from the store, and once more from nothing."""
        self._clock.move_to(FRIDAY_PRE_OPEN)
        await self._gateway.run("refresh_market")
        began = time.perf_counter()
        self.board = await _board(self._gateway)
        self._timing = f"21 instruments in {1000 * (time.perf_counter() - began):.0f} ms"
        biases = [e.instrument for e in self.board if isinstance(e, BoardEntry)]
        absent = [e for e in self.board if isinstance(e, NoBias)]
        self._checks.expect(
            "21 instruments answer: 13 with a bias, 8 with the reason why not",
            kept=set(biases) == set(SERVED)
            and len(self.board) == 21
            and all(entry.reason for entry in absent),
            seen=f"{len(biases)} and {len(absent)}; {self._timing}",
        )
        self._check_texts()
        await self._check_stored()
        await self._check_same_bytes(scratch)

    def _check_texts(self) -> None:
        """Look at the texts beside each bias: no news is openly licensed, so there are none."""
        entries = [entry for entry in self.board if isinstance(entry, BoardEntry)]
        links = [(link, entry.as_of) for entry in entries for link in entry.documents]
        kinds = {link.kind for link, _ in links}
        self._checks.expect(
            "each bias has earlier releases or past days at hand, none of them of later",
            kept=all(entry.documents for entry in entries)
            and all(link.published_at <= as_of for link, as_of in links)
            and kinds == {PassageKind.EVENTS, PassageKind.STATES},
            seen=f"{len(links)} texts",
        )

    async def _check_stored(self) -> None:
        """Ask at once (the cache answers) and after its time (it still does, and is renewed)."""
        for place, minutes in (("cached", 0), ("stale", _AFTER_CACHE_MINUTES)):
            self._clock.move_to(later(self._clock.now(), minutes))
            began = time.perf_counter()
            answers = [await self._gateway.get(f"/v1/bias/{symbol}") for symbol in SERVED]
            each_ms = 1000 * (time.perf_counter() - began) / len(answers)
            states = {answer.headers["Daybias-Cache"] for answer in answers}
            self._checks.expect(
                f"asked again {minutes} minutes later, the answers are {place}",
                kept=states == {place},
                seen=f"{', '.join(sorted(states))}, {each_ms:.1f} ms each",
            )

    async def _check_same_bytes(self, scratch: Path) -> None:
        """Compute everything again over an empty store and index, refreshed at the same times."""
        clock = ReplayClock(THURSDAY_EVENING)
        opened = open_local_retrieval(scratch / "retrieval", SearchConfig())
        again = replace(opened, embedder=self._embedder)
        async with Gateway(scratch, clock=clock, data_dir=DATA, retrieval=again) as other:
            await other.run("refresh_market")
            clock.move_to(FRIDAY_PRE_OPEN)
            await other.run("refresh_market")
            pairs = [
                (
                    (await self._gateway.get(f"/v1/bias/{symbol}")).content,
                    (await other.get(f"/v1/bias/{symbol}")).content,
                )
                for symbol in SERVED
            ]
        equal = sum(one == two for one, two in pairs)
        self._checks.expect(
            "the same snapshot, computed anew over an empty store, gives the same bytes",
            kept=equal == len(SERVED),
            seen=f"{equal} of {len(pairs)}",
        )

    async def score(self) -> None:
        """Score the day's forecasts of record after Friday's closes."""
        await self._gateway.run("refresh_market")
        await self._gateway.run("score_bias")
        scores = await self.scores()
        self._checks.expect(
            "all forecasts of record of the day were scored",
            kept={score["instrument"] for score in scores} == set(SERVED),
            seen=f"{len(scores)} scored",
        )

    async def scores(self) -> list[dict[str, Any]]:
        """Read the day's scores."""
        answer = await self._gateway.get(f"/v1/scores/{FRIDAY_PRE_OPEN.date()}")
        scores: list[dict[str, Any]] = answer.raise_for_status().json()["scores"]
        return scores

    def show(self, console: Console) -> None:
        """Show the board, the day's events, and why some have none."""
        title = "Bias for Friday 2020-05-29, pre-open 08:15 New York"
        screens.board(console, self.board, f"{title}: {self._timing}")
        screens.events(console, self.board)
        screens.texts(console, self.board)
        screens.absences(console, self.board)


async def _board(gateway: Gateway) -> tuple[BoardEntry | NoBias, ...]:
    # by its name: without, the evening's answers would be shown until these are written
    answer = (await gateway.get("/v1/bias?moment=pre_open")).raise_for_status()
    return Board.model_validate_json(answer.content).entries
