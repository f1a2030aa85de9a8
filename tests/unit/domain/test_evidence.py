import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.evidence import web_address


@pytest.mark.parametrize(
    "text",
    [
        "https://news.example/articles/1?a=b#c",
        "http://news.example:8080/",
        "HTTPS://news.example/",
        "https://[2001:db8::1]/a",
    ],
)
def test_an_address_of_the_web_is_kept(text):
    assert web_address(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "file:///etc/passwd",
        "ftp://news.example/",
        "//news.example/",
        "/articles/1",
        "https:///articles/1",
        "https:news.example",
        "https://bank.example@evil.example/",
        "https://user:word@news.example/",
        "https://news.example/\x00",
        "https://news.example/\x7f",
        'https://news.example/" onmouseover="alert(1)',
        "https://news.example\\@evil.example/",
        "https://news.example:port/",
        "https://news.example:99999/",
        "https://[::1",
        "https://bаnk.example/",  # noqa: RUF001 - a Cyrillic letter is the case
        "https://news.example/" + "a" * 2000,
    ],
)
def test_anything_else_is_no_address(text):
    assert web_address(text) == ""


@given(st.text(max_size=60))
def test_what_is_kept_is_unchanged_and_begins_as_the_web_does(text):
    assert web_address(text) in {"", text}
    assert not web_address(text) or text.lower().startswith(("http://", "https://"))
