"""An outsider's verification: each way of bending a download is found, and said in words."""

from copy import deepcopy

import pytest

from shared.bias.scorecard.verify import Verified, read_download, verify
from shared.domain.errors import ContractBroken
from shared.forecast.chain import hash_of
from shared.market.registry import load_instruments
from tests.scorecards import card_of, lines_of, made


@pytest.fixture(scope="module")
def whole() -> tuple[list[dict], list[dict], dict]:
    links, scores = made(30)
    return links, scores, card_of(scores)


@pytest.fixture
def parts(whole) -> tuple[list[dict], list[dict], dict]:
    return deepcopy(whole)


def checked(links, scores, card=None, known=None) -> Verified:
    return verify(read_download(lines_of(links, scores, card)), load_instruments(), known)


def broken(links, scores, card=None, known=None) -> str:
    with pytest.raises(ContractBroken) as found:
        checked(links, scores, card, known)
    return str(found.value)


def rechained(links, first=0):
    """Make a forged chain hang together again, as a forger would."""
    previous = links[first]["link"]["previous"]
    for line in links[first:]:
        line["link"]["previous"] = previous
        previous = line["link"]["hash"] = hash_of(line["link"])


def test_a_whole_download_is_verified(parts):
    links, scores, card = parts
    report = checked(links, scores, card)
    assert (report.links, report.forecasts, report.scores, report.counting) == (30, 60, 60, 60)
    assert (report.late, report.unscored, report.figures) == ([], [], True)
    assert report.newest == links[-1]["link"]["hash"]


def test_a_changed_record_is_found(parts):
    links, scores, card = parts
    links[3]["link"]["records"][0]["label"] = "Neutral"
    assert broken(links, scores, card).startswith("link 4: its content does not hash")


def test_a_changed_record_in_a_chain_that_was_made_anew_is_found_by_its_score(parts):
    links, scores, card = parts
    links[3]["link"]["records"][0]["probabilities"] = {"bear": 0.0, "neutral": 0.0, "bull": 1.0}
    rechained(links, 3)
    assert "chances is" in broken(links, scores, card)


def test_a_chain_that_was_made_anew_is_found_by_whoever_kept_a_hash(parts):
    links, scores, card = parts
    kept = links[10]["link"]["hash"]
    assert checked(links, scores, card, kept).figures
    links[3]["link"]["records"][0]["vintage"] = "2023-07"
    rechained(links, 3)
    assert "it was rewritten" in broken(links, [], None, kept)


def test_a_dropped_record_is_found(parts):
    links, scores, card = parts
    links[3]["link"]["records"].pop()
    rechained(links, 3)
    assert "no link has a forecast of it" in broken(links, scores, card)


def test_an_added_record_that_came_late_counts_nothing(parts):
    links, scores, _ = parts
    forged = deepcopy(links[3]["link"]["records"][0])
    forged["session"] = "2026-01-02"
    links[3]["link"]["records"].insert(0, forged)
    rechained(links, 3)
    assert checked(links, scores).late == [f"{forged['instrument']} of 2026-01-02"]


def test_a_score_of_a_late_forecast_must_not_count(parts):
    links, scores, card = parts
    links[3:] = [{**line, "created_at": line["created_at"]} for line in links[3:]]
    late = links[-1]
    late["created_at"] = late["created_at"].replace("T21:", "T23:")
    late["link"]["sealed_at"] = late["link"]["sealed_at"].replace("T21:", "T23:")
    rechained(links, 29)
    assert checked(links, scores, card).late == []  # the next bell is still to come
    day = links[-1]["link"]["records"][0]["session"]
    late["created_at"] = f"{day}T20:00:00Z"
    late["link"]["sealed_at"] = f"{day}T20:00:00Z"
    rechained(links, 29)
    assert "it came into the chain after the open" in broken(links, scores, card)


def test_reordered_links_are_found(parts):
    links, scores, card = parts
    links[3], links[4] = links[4], links[3]
    assert broken(links, scores, card).startswith("link 4: it is missing; link 5 stands there")


def test_a_back_dated_link_is_found(parts):
    links, scores, card = parts
    links[3]["link"]["sealed_at"] = links[2]["link"]["sealed_at"]
    rechained(links, 3)
    assert broken(links, scores, card).startswith("link 4: ")


@pytest.mark.parametrize("field", ["rps", "brier", "log_loss"])
def test_a_score_that_does_not_follow_from_the_chain_is_found(parts, field):
    links, scores, card = parts
    scores[7][field] += 0.001
    assert f"{field} is" in broken(links, scores, card)


def test_an_outcome_that_was_changed_is_found_by_its_figures(parts):
    links, scores, card = parts
    scores[7]["outcome"] = "Neutral" if scores[7]["outcome"] != "Neutral" else "Bullish"
    assert "by the chain it is" in broken(links, scores, card)


def test_a_lean_that_was_changed_is_found(parts):
    links, scores, card = parts
    scores[7]["lean"]["model"] = "a-better-one"
    assert "the lean scored is" in broken(links, scores, card)


def test_a_score_twice_is_found(parts):
    links, scores, card = parts
    scores.append(scores[0])
    assert "it is scored twice" in broken(links, scores, card)


def test_a_score_left_out_is_told_and_its_figures_are_found(parts):
    links, scores, card = parts
    gone = scores.pop()
    assert checked(links, scores).unscored == [f"{gone['instrument']} of {gone['session']}"]
    assert "the published scorecard differs" in broken(links, scores, card)


def test_a_published_figure_that_does_not_follow_is_named(parts):
    links, scores, card = parts
    card["close_to_close"]["overall"]["rps_skill"] += 0.01
    told = broken(links, scores, card)
    assert told.endswith("differs from its scores at /close_to_close/overall/rps_skill")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "the download is empty"),
        ([b"{}\n"], "this is no download"),
        ([b"[1]\n"], "it is not a JSON object"),
        ([b"\xff\n"], "line 1: it is not JSON"),
        ([b"[" * 100_000], "line 1: it is not JSON"),
    ],
)
def test_another_file_is_told(lines, said):
    with pytest.raises(ContractBroken, match=said):
        read_download(lines)


def test_a_line_that_is_none_of_ours_is_told():
    head = lines_of([], [])
    with pytest.raises(ContractBroken, match="line 2: neither a link, a score"):
        read_download([*head, b'{"note":"hidden"}\n'])
    with pytest.raises(ContractBroken, match="line 2: its number or time"):
        read_download([*head, b'{"number":"x","created_at":"y","link":{}}\n'])
    with pytest.raises(ContractBroken, match="a score has not the documented shape"):
        verify(read_download([*head, b'{"score":{"instrument":1}}\n']), load_instruments())
