"""A bias while it is written, and what its reader can do with it, in a real browser."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from shared.domain.bias import FEATURE_STEPS, Step
from tests.web.browser import Browser
from tests.web.conftest import served
from tests.web.contrast import FAINT_TEXTS
from tests.web.newsroom import DOCUMENT, SYMBOLS, Newsroom

pytestmark = pytest.mark.browser

CARD = '[data-instrument="SPY"]'
NEW = f"[...document.querySelectorAll('{CARD} .step:not(.old)')].map((one) => one.dataset.step)"
ASKED = "performance.getEntriesByName(location.origin + '/v1/bias')"
OLD = f"document.querySelectorAll('{CARD} .step.old').length"
RATED = {
    "instrument": "SPY", "session": "2020-05-29", "moment": "close", "as_of": "2020-05-28T22:00:00Z"
}  # fmt: skip
USEFUL, USELESS = (f"{CARD} .rate button:nth-of-type({nth})" for nth in (1, 2))
PRESSED = (
    f"[...document.querySelectorAll('{CARD} .rate button')].map((one) => one.ariaPressed).join()"
)


@pytest.fixture
def newsroom() -> Newsroom:
    return Newsroom()


@pytest.fixture
def address(newsroom: Newsroom) -> Iterator[str]:
    with served(newsroom.open) as found:
        newsroom.author.document = found + DOCUMENT
        yield found


@pytest.fixture
def page(browser: Browser, address: str) -> Browser:
    """The board with Thursday's answers, and a card open whose next answer is being written."""
    visit(browser, address)
    return browser


def visit(browser: Browser, address: str) -> None:
    browser.looks()
    browser.complaints.clear()
    browser.open(f"{address}/")
    browser.wait_for(f"document.querySelectorAll('.row').length === {len(SYMBOLS)}")
    browser.click(f"{CARD} summary")


def wait_for_new(page: Browser, *steps: Step) -> None:
    page.wait_for(f"{NEW}.join() === '{','.join(steps)}'")


def wait_for_text(page: Browser, selector: str, text: str) -> None:
    page.wait_for(f"document.querySelector('{CARD} {selector}').textContent.includes('{text}')")


def finish(newsroom: Newsroom, page: Browser) -> None:
    newsroom.release(*Step)
    wait_for_text(page, ".as-of", "before the open")


# ------------------------------------------------------------------ being written


def test_steps_appear_one_after_another_each_in_its_place(newsroom, page):
    page.wait_for(f"{OLD} === 6")
    for step, shown in (
        (Step.LEADERS, [Step.LEADERS]),
        (Step.SECURITY, [Step.SECURITY, Step.LEADERS]),
        (Step.FLUX, [Step.SECURITY, Step.FLUX, Step.LEADERS]),
    ):
        newsroom.release(step)
        wait_for_new(page, *shown)
        wait_for_text(page, ".said", f"{len(shown)} of 6 steps")
    assert page.run(OLD) == 3


def test_what_is_old_says_so_until_the_whole_answer_has_come(newsroom, page):
    page.wait_for(f"{OLD} === 6")
    assert "from the last answer" in page.text(f"{CARD} .old h4")
    assert "after the close; the next is being written" in page.text(f"{CARD} .as-of")
    assert page.run(FAINT_TEXTS) == []
    finish(newsroom, page)
    wait_for_new(page, *Step)
    assert page.run(OLD) == 0
    assert page.text(f"{CARD} .said") == ""
    assert page.complaints == []


def test_a_stream_that_breaks_is_taken_up_where_it_was(newsroom, page):
    page.wait_for(f"{OLD} === 6")
    newsroom.release(Step.MACRO)
    wait_for_new(page, Step.MACRO)
    page.run(f"document.querySelector('{CARD} [data-step=macro]').drawnOnce = true")
    newsroom.breaks = 1
    newsroom.release(Step.FLUX)
    wait_for_text(page, ".said", "it is taken up again")
    wait_for_new(page, Step.MACRO, Step.FLUX)
    assert page.run(OLD) == 4
    assert page.run(f"document.querySelector('{CARD} [data-step=macro]').drawnOnce") is True
    first, again = newsroom.heard
    assert (first, "macro-" in again, "stale-" in again) == ("", True, True)


def test_a_stream_that_breaks_each_time_is_left_to_the_reader(newsroom, page):
    page.wait_for(f"{OLD} === 6")
    newsroom.breaks = 99
    newsroom.release(*Step)
    wait_for_text(page, ".said", "The server does not answer.")
    assert len(newsroom.heard) == 5
    newsroom.breaks = 0
    page.click(f"{CARD} .said button")
    wait_for_new(page, *Step)


def test_a_shut_card_holds_no_connection_and_an_opened_one_goes_on(newsroom, page):
    page.wait_for(f"{OLD} === 6")
    page.click(f"{CARD} summary")
    newsroom.release(*FEATURE_STEPS)
    page.click(f"{CARD} summary")
    wait_for_new(page, *FEATURE_STEPS)
    finish(newsroom, page)


def test_a_board_that_is_left_open_shows_the_next_answers_by_itself(newsroom, browser, address):
    browser.open(f"{address}/")
    qqq = "document.querySelector('[data-instrument=QQQ] .as-of').textContent"
    browser.wait_for(f"{qqq}.includes('after the close; the next is being written')")
    newsroom.release(*Step)
    browser.wait_for(f"{qqq}.endsWith('before the open')")


def test_who_comes_back_to_the_tab_sees_the_newest_answers_at_once(newsroom, browser, address):
    browser.open(f"{address}/")
    qqq = "document.querySelector('[data-instrument=QQQ] .as-of').textContent"
    browser.wait_for(f"{qqq}.includes('the next is being written')")
    browser.run("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    newsroom.release(*Step)
    browser.run("new Promise((over) => { setTimeout(over, 6000); })")  # the board's own 5 s pass
    assert "the next is being written" in browser.run(qqq)
    browser.run("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    browser.wait_for(f"{qqq}.endsWith('before the open')")


def test_an_instrument_that_has_no_answer_any_more_has_no_card(newsroom, page):
    newsroom.clock.start += timedelta(days=7)  # of which no bars are stored
    page.wait_for("document.querySelectorAll('.row').length === 0")
    assert page.text("#none-title") == f"{len(SYMBOLS)} instruments without a bias, and why"
    assert page.text("#board-title") == "Bias for the session"


def test_a_board_whose_answer_cannot_be_written_asks_ever_more_rarely(newsroom, page):
    newsroom.author.fails = True
    newsroom.release(*Step)
    page.wait_for(f"{ASKED}.length === 2")
    page.wait_for(f"{ASKED}.length === 3")
    first, second, third = page.run(f"{ASKED}.map((one) => one.startTime)")
    assert third - second > 1.5 * (second - first)


# ------------------------------------------------------------------------ evidence


def test_a_section_links_the_texts_that_it_used_and_they_open(newsroom, page, address):
    finish(newsroom, page)
    link = f'{CARD} [data-step="macro"] a'
    assert "No address (A paper, May 28, 14:00)" in page.text(f'{CARD} [data-step="macro"]')
    assert page.run(f"document.querySelector('{link}').rel") == "noopener noreferrer nofollow"
    page.click(link)
    page.wait_for_page(address + DOCUMENT)


# -------------------------------------------------------------------------- rating


def test_a_rating_is_shown_changed_and_still_there_on_the_next_visit(
    newsroom, page, browser, address
):
    finish(newsroom, page)
    page.click(USELESS)
    wait_for_text(page, ".rate", "You did not find it useful.")
    page.click(USEFUL)
    wait_for_text(page, ".rate", "You found it useful.")
    visit(browser, address)
    wait_for_text(page, ".rate", "You found it useful.")
    assert page.run(PRESSED) == "true,false"
    assert (
        page.run("fetch('/v1/ratings').then((a) => a.json()).then((all) => all.items.length)") == 1
    )


def test_the_same_button_takes_a_rating_back(newsroom, page):
    finish(newsroom, page)
    page.click(USEFUL)
    wait_for_text(page, ".rate", "You found it useful.")
    page.click(USEFUL)
    wait_for_text(page, ".rate", "taken back")
    assert page.run(PRESSED) == "false,false"


def test_a_rating_is_given_by_the_keyboard_alone(newsroom, page):
    finish(newsroom, page)
    page.run(f"document.querySelector('{CARD} summary').focus()")
    while page.run("document.activeElement.textContent") != "Useful":
        page.press("Tab", 9)
    page.press(" ", 32, " ")
    wait_for_text(page, ".rate", "You found it useful.")


def test_a_rating_belongs_to_the_answer_that_is_shown(newsroom, page):
    page.click(USEFUL)  # of Thursday's answer
    wait_for_text(page, ".rate", "You found it useful.")
    finish(newsroom, page)
    page.wait_for(f"{PRESSED} === 'false,false'")


def said_of(page: Browser, *entries: dict) -> str:
    """What the last of the cards that are opened on a new page says of its rating."""
    return page.run(f"""import('/assets/card/rating.js?anew').then(async ({{ Rating }}) => {{
      const cards = {json.dumps(entries)}.map((entry) => new Rating(entry));
      for (const card of cards) await card.draw(card.entry);
      return cards.at(-1).said.textContent;
    }})""")


def test_a_rating_of_a_session_is_shown_also_behind_a_card_of_a_later_one(newsroom, page):
    page.click(USEFUL)
    wait_for_text(page, ".rate", "You found it useful.")
    later = RATED | {"instrument": "QQQ", "session": "2020-06-01"}
    assert said_of(page, later, RATED) == "You found it useful."


def test_a_rating_is_not_shown_of_a_later_answer_of_the_same_moment(newsroom, page):
    page.click(USEFUL)
    wait_for_text(page, ".rate", "You found it useful.")
    assert not said_of(page, RATED | {"as_of": "2020-05-29T18:30:00Z"})


def test_buttons_that_are_pressed_in_haste_count_in_their_order(newsroom, page):
    finish(newsroom, page)
    press = f"document.querySelector('{USEFUL}').click()"
    page.run(f"{press}; {press}")
    wait_for_text(page, ".rate", "taken back")
    kept = "fetch('/v1/ratings').then((a) => a.json()).then((all) => all.items.length)"
    assert page.run(kept) == 0


def test_a_rating_that_could_not_be_kept_says_so(newsroom, page):
    finish(newsroom, page)
    newsroom.refuses = True
    page.click(USEFUL)
    wait_for_text(page, ".rate .failed", "Not kept")
    assert page.run(PRESSED) == "false,false"


def test_ratings_that_cannot_be_read_say_why(newsroom, browser, address):
    browser.open(f"{address}/")
    browser.wait_for(f"document.querySelectorAll('.row').length === {len(SYMBOLS)}")
    newsroom.refuses = True
    browser.click(f"{CARD} summary")
    wait_for_text(browser, ".rate .failed", "Could not be read: /v1/ratings")


# ------------------------------------------------------------------------- failures


def test_a_failed_answer_says_what_to_do_and_the_button_does_it(newsroom, page):
    newsroom.author.fails = True
    newsroom.release(*Step)
    wait_for_text(page, ".said", "the same request may work later")
    newsroom.author.fails = False
    page.click(f"{CARD} .said button")
    wait_for_text(page, ".as-of", "before the open")


def test_a_house_that_does_not_answer_says_how_to_go_on(newsroom, browser, address):
    newsroom.refuses = True
    browser.open(f"{address}/")
    browser.wait_for("document.querySelectorAll('.failed button').length === 3")
    assert browser.run("document.querySelector('#board').ariaBusy") == "false"
    newsroom.refuses = False
    browser.click("#board-sub button")
    browser.wait_for(f"document.querySelectorAll('.row').length === {len(SYMBOLS)}")
