"""`daybias rate`: how useful a bias was, for experiments with prompts and models."""

from datetime import datetime
from typing import Annotated

import typer

from shared.bias.ratings import USEFUL, USELESS, Rating, Ratings
from shared.cli.terminal import at_desk, out, table
from shared.domain.bias import Moment
from shared.domain.errors import InvalidInput
from shared.http.identity import LOCAL_USER as USER
from shared.wiring.roots.desk import Desk

_WORDS = {"useful": USEFUL, "useless": USELESS}


def rate(
    symbol: Annotated[str | None, typer.Argument(help="one of the 21; lists all without")] = None,
    session: Annotated[
        datetime | None, typer.Argument(formats=["%Y-%m-%d"], help="what the bias is for")
    ] = None,
    rating: Annotated[str | None, typer.Argument(help="1 to 5, useful or useless")] = None,
    moment: Annotated[Moment, typer.Option(help="which of the session's")] = Moment.CLOSE,
) -> None:
    """Rate a bias; rated again, the new rating stands."""

    async def work(desk: Desk) -> list[Rating]:
        ratings = _ratings(desk)
        if symbol is None or session is None or rating is None:
            return await ratings.of_user(USER)
        return [await ratings.rate(USER, symbol, session.date(), moment, _number(rating))]

    shown = table("Ratings", "instrument", "session", "moment", "rating")
    for one in at_desk(work):
        shown.add_row(one.instrument, f"{one.session}", str(one.moment), str(one.rating))
    out.print(shown)


def _ratings(desk: Desk) -> Ratings:
    return Ratings(desk.documents, desk.foundation.clock, desk.foundation.entropy)


def _number(text: str) -> int:
    """Read a rating.

    Raises: InvalidInput.
    """
    number = _WORDS.get(text, int(text) if text.isdecimal() else 0)
    if not USELESS <= number <= USEFUL:
        raise InvalidInput(f"a rating is 1 to 5, useful or useless, not {text!r}")
    return number
