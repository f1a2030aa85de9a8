"""The dashboard in a real browser, over the replayed day; deselected unless `-m browser`."""

import re

import pytest

from shared.http.web_app import PAGES
from tests.web.browser import Browser
from tests.web.conftest import NOTICE
from tests.web.contrast import FAINT_TEXTS

pytestmark = pytest.mark.browser

DRAWN = {
    "/": "document.querySelectorAll('.row').length && document.querySelector('#trips table')"
    " && document.querySelector('#market-series table')",
    "/connections": "document.querySelector('.connection')",
    "/service-levels": "document.querySelector('#days table')",
    "/scorecard": "document.querySelector('#steadiness').children.length",
}
PHONE_PX = 375


def look(browser: Browser, address: str, **looks) -> Browser:
    browser.looks(**looks)
    browser.complaints.clear()
    browser.open(address)
    browser.wait_for(DRAWN["/" + address.rpartition("/")[2]])
    return browser


@pytest.fixture(scope="module")
def board(browser: Browser, replay: str) -> str:
    """What a reader sees of the first page."""
    look(browser, f"{replay}/")
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    browser.wait_for("document.querySelectorAll('[data-step=synthesis]').length === 13")
    return browser.text("body")


def test_the_board_shows_thirteen_biases_and_says_why_eight_have_none(board: str) -> None:
    assert "13 of 21 instruments" in board
    assert "8 instruments without a bias" in board


def test_each_bias_says_as_of_when_it_is(board: str) -> None:
    assert board.count("As of May 29, 08:15, before the open") == 13


def test_prices_of_a_stand_in_are_called_so(board: str) -> None:
    assert "Levels, in prices of SPY" in board
    assert re.search(r"prior high at [\d.]+ \(in prices of SPY\)", board)


def test_the_page_says_that_it_is_a_replay(board: str) -> None:
    assert NOTICE in board


def test_every_account_agrees_with_its_broker(board: str) -> None:
    assert board.count("agrees with the broker") == 3


def test_the_market_data_are_shown_with_their_source_and_age(board: str) -> None:
    assert re.search(r"\d+ series from files; 0 failures", board)
    assert re.search(r"SPY\s+1d\s+files", board)
    assert "YM, CL, NG" in board


def test_the_scorecard_says_what_is_not_known_yet(browser: Browser, replay: str) -> None:
    text = look(browser, f"{replay}/scorecard").text("main")
    assert "No forecast counts yet" in text
    assert "Not measured yet." in text


def test_the_service_levels_come_with_their_counts(browser: Browser, replay: str) -> None:
    text = look(browser, f"{replay}/service-levels").text("#brokers")
    assert re.search(r"alpaca\s+.\s+100\.0% \(\d+ of \d+\)\s+median 0 s", text)


@pytest.mark.parametrize("page", [page.path for page in PAGES])
def test_the_browser_has_nothing_to_complain_about(
    browser: Browser, replay: str, page: str
) -> None:
    assert look(browser, replay + page).complaints == []


@pytest.mark.parametrize("page", [page.path for page in PAGES])
def test_a_page_fits_a_phone(browser: Browser, replay: str, page: str) -> None:
    look(browser, replay + page, width=PHONE_PX)
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert browser.run("document.documentElement.scrollWidth") <= PHONE_PX


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", [page.path for page in PAGES])
def test_every_text_stands_out_from_what_is_behind_it(
    browser: Browser, replay: str, page: str, scheme: str
) -> None:
    look(browser, replay + page, scheme=scheme)
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert browser.run(FAINT_TEXTS) == []


def test_the_first_key_leads_past_the_head_to_the_content(browser: Browser, replay: str) -> None:
    look(browser, f"{replay}/")
    browser.press("Tab", 9)
    assert browser.run("document.activeElement.textContent") == "Skip to the content"
    browser.press("Enter", 13, "\r")
    browser.wait_for("document.activeElement.id === 'main'")
