"""Which addresses a link may have."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forum.text import markdown
from forum.text.links import is_allowed_address, is_web_address


@pytest.mark.parametrize(
    "url",
    [
        "https://b.example",
        "HTTP://B.EXAMPLE/",
        "https://b.example:8080?q=a@b#c",
        "https://b.example/@anna",
        "http://[::1]/",
        "https://пример.рф/я",
        "mailto:a@b.example",
        "MailTo:a+b@c.example?subject=d@e",
    ],
)
def test_addresses_that_show_where_they_lead(url: str) -> None:
    assert is_allowed_address(url)
    assert is_web_address(url) == (not url.lower().startswith("mailto"))


ASTRAY = [
    "",
    "/a",
    "//b.example",
    "#c",
    "?d",
    "b.example",
    "https:",
    "https://",
    "https:///a",
    "https:/b.example",
    "ftp://b.example",
    "tel:123",
]
ASTRAY += ["javascript:a", "java\nscript:a", "vbscript:a", "data:text/html,a", "blob:https://b.example/c", "xhttps://b.example"]
ASTRAY += [" https://b.example", "https://b.example/ c", "https://b.example/\tc", "https://b.example\n", "https://b.example/\x00"]
ASTRAY += ["https://bank.example@evil.example", "https://a:b@c.example", "https://b.example\\@c.example", "https:\\\\b.example"]
ASTRAY += ["mailto:", "mailto:a", "mailto:@b", "mailto:a b@c", "mailto://a@b"]


@pytest.mark.parametrize("url", ASTRAY)
def test_addresses_that_lead_astray(url: str) -> None:
    assert not is_allowed_address(url)


_LINKED = "https:// // http:/ / MAILTO: mailto: a@b.example b.example localhost www. : * ` ~~ [ ]( ) < > \\ &#58; &#47; &sol; a _ ı ſ https://c.example/d"
LINKED = [*_LINKED.split(), "\n", "\n> ", "\n- ", " "]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(LINKED), max_size=14).map("".join))
def test_looking_for_addresses_only_where_one_may_be_finds_the_same(body_md: str) -> None:
    flavours = (markdown.COMMENT, markdown.ARTICLE, markdown.FOREIGN)
    found = [markdown.to_html(body_md, flavour) for flavour in flavours]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(markdown, "_may_hold_address", lambda _: True)
        # Else the last parse would be asked again.
        patch.setattr(markdown, "_local", threading.local())
        assert [markdown.to_html(body_md, flavour) for flavour in flavours] == found
