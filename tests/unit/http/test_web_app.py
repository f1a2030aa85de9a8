import re
from html.parser import HTMLParser
from posixpath import dirname, normpath

import httpx
import pytest

from shared.http.bias.app import MarketData
from shared.http.web_app import PAGES, read_files, web_app
from tests.twins.manual_clock import ManualClock

PATHS = [page.path for page in PAGES]


@pytest.fixture
async def http():
    app = web_app(ManualClock(), profile="local", notice="a replay")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


class Elements(HTMLParser):
    """Collects links, and whatever the page's own policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.refused: list[str] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.links += [given[name] for name in ("src", "href") if name in given]
        inline = [name for name in given if name == "style" or name.startswith("on")]
        if inline or (tag == "script" and "src" not in given) or tag == "style":
            self.refused.append(self.get_starttag_text() or tag)


@pytest.mark.parametrize("path", PATHS)
async def test_a_page_has_nothing_that_its_content_policy_refuses(http, path):
    elements = Elements()
    elements.feed((await http.get(path)).text)
    assert elements.refused == []


@pytest.mark.parametrize("path", PATHS)
async def test_everything_that_a_page_links_to_is_served_from_here(http, path):
    elements = Elements()
    elements.feed((await http.get(path)).text)
    assets = [link for link in elements.links if not link.startswith(("#", "/v1/"))]
    assert assets
    for link in assets:
        assert (await http.get(link)).status_code == 200


async def test_the_frame_is_no_page_of_its_own(http):
    assert (await http.get("/assets/frame.html")).status_code == 404


@pytest.mark.parametrize("path", PATHS)
async def test_a_page_leads_to_every_other_and_says_which_it_is(http, path):
    text = (await http.get(path)).text
    assert [f'href="{other}"' in text for other in PATHS] == [True] * len(PATHS)
    assert re.findall(r'<a href="([^"]+)" aria-current="page">', text) == [path]


async def test_every_module_that_a_script_imports_is_served(http):
    imports = {
        normpath(f"{dirname(file)}/{name}").lstrip("/")
        for file, body in read_files().items()
        if file.endswith(".js")
        for name in re.findall(r'from "(\.[^"]+)"', body.decode())
    }
    assert imports <= set(read_files())
    for name in imports:
        answer = await http.get(f"/assets/{name}")
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"


def test_every_place_that_the_service_levels_script_fills_is_on_its_page():
    page = read_files()
    script, html = (page[f"service-levels.{kind}"].decode() for kind in ("js", "html"))
    places = set(re.findall(r'(?:put|show|getElementById)\("([^"]+)"', script))
    assert places == {"brokers", "days", "levels-sub"}
    for place in places:
        assert f'id="{place}"' in html


def test_every_place_that_the_scorecards_script_fills_is_on_its_page():
    page = read_files()
    script, html = (page[f"scorecard.{kind}"].decode() for kind in ("js", "html"))
    places = set(re.findall(r'(?:put|show|getElementById)\("([^"]+)"', script))
    places |= set(re.findall(r'\["(close_to_close)", "(open_to_close)"\]', script)[0])
    tables = {"measures", "reliability", "leans", "steadiness", "close_to_close", "open_to_close"}
    assert places == {"card-sub", *tables}
    for place in places:
        assert f'id="{place}"' in html


def test_every_place_that_the_market_script_fills_is_on_the_first_page():
    page = read_files()
    script, html = page["market.js"].decode(), page["index.html"].decode()
    places = set(re.findall(r'(?:put|getElementById)\("([^"]+)"', script))
    names = {"sub", "card", "faults", "all", "series"}
    assert places == {f"market-{name}" for name in names}
    for place in places:
        assert f'id="{place}"' in html


def test_the_first_page_shows_all_that_a_refresh_says_of_faults():
    script = read_files()["market.js"].decode()
    told = {"missing", "fallbacks", "postponed", "failures", "rejected"}
    assert set(re.findall(r'\["(\w+)", "', script)) == told <= set(MarketData.model_fields)


def test_no_script_writes_markup():
    for name, body in read_files().items():
        if name.endswith(".js"):
            assert not re.search(rb"innerHTML|outerHTML|insertAdjacent|document\.write", body)


async def test_an_unchanged_file_is_answered_with_304(http):
    first = await http.get("/assets/daybias.css")
    again = await http.get("/assets/daybias.css", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_state_of_the_house_is_told_plainly(http):
    assert (await http.get("/status")).json() == {
        "profile": "local",
        "now": "2020-05-29T12:15:00Z",
        "notice": "a replay",
    }


async def test_a_file_that_is_not_there_is_a_problem(http):
    answer = await http.get("/assets/../main.py")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_return_that_a_broker_sends_to_the_front_door_goes_on_to_the_callback(http):
    answer = await http.get("/?code=a%40&state=st")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/v1/oauth/callback?code=a%40&state=st",
    )


def test_every_place_that_the_connections_script_fills_is_on_its_page():
    page = read_files()
    script, html = (page[f"connections.{kind}"].decode() for kind in ("js", "html"))
    places = set(re.findall(r'(?:put|fill|element|submits)\("([^"]+)"', script))
    assert len(places) > 10
    assert {place for place in places if f'id="{place}"' not in html} == set()
