"""Who is mentioned, and that what is found is what is linked."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.text.mentions import HANDLE_PATTERN, find_mentions, fold_handle
from forum.text.render import render


@pytest.mark.parametrize(
    ("body_md", "handles"),
    [
        ("@anna", {"anna"}),
        ("@ANNA and @Anna", {"anna"}),
        ("(@anna), @bob; “@carl”: @dora’s @emil.", {"anna", "bob", "carl", "dora", "emil"}),
        ("@a @0 @a-b @a_b @a--b", {"a", "0", "a-b", "a_b", "a--b"}),
        ("@anna- @bob_ @carl-,", {"anna", "bob", "carl"}),
        ("*@anna* **@bob** ~~@carl~~ _@dora_", {"anna", "bob", "carl", "dora"}),
        ("> @anna\n\n- @bob\n\n1. @carl", {"anna", "bob", "carl"}),
        ("line\n@anna", {"anna"}),
        ("Hello.@anna -@bob /@carl", {"anna", "bob", "carl"}),
        ("@" + "a" * 30, {"a" * 30}),
        ("@" + "a" * 31, set()),
        ("`@anna` ``@bob``", set()),
        ("```\n@anna\n```\n\n    @bob", set()),
        ("[@anna](https://b.example) <https://b.example/@bob> https://b.example/@carl", set()),
        ("b.example/@anna @types/node 1/@anna", set()),
        ("@anna/@bob/@carl (@dora)/@emil", {"anna", "bob", "carl", "dora", "emil"}),
        ("b.example/@anna/@bob", set()),
        ("me@anna.example m+e@anna me-@anna é@anna 1@anna", set()),
        ("@anna@b.example @@anna @", set()),
        ("\\@anna &#64;bob", set()),
        ("@_anna @-anna @é @annaé @anna_é", set()),
        ("@\u212aarl @ſam", set()),
        ("<b>@anna</b>", {"anna"}),
        ("x\\_@anna", set()),
    ],
)
def test_mentions(body_md: str, handles: set[str]) -> None:
    assert find_mentions(body_md) == handles


@pytest.mark.parametrize(
    ("handle", "is_one"), [("a", True), ("a-b_c", True), ("-a", False), ("a-", False), ("a" * 30, True), ("a" * 31, False), ("A", False)]
)
def test_handle_pattern(handle: str, is_one: bool) -> None:
    assert bool(re.fullmatch(HANDLE_PATTERN, handle)) == is_one


def test_folding_touches_case_only() -> None:
    assert fold_handle("An-Na_1") == "an-na_1"


PIECES = st.sampled_from(
    ["@", "anna", "Bob", "-", "_", "*", "`", "[", "](https://b.example)", ".", " ", "\\", "\n", "/", "é", "https://b.example/"]
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_what_is_found_is_what_is_linked(body_md: str) -> None:
    found = find_mentions(body_md)
    linked = re.findall('<a class="mention" href="/u/([^"]*)">@([^<]*)</a>', render(body_md, known_handles=found).html)
    assert {handle for handle, _ in linked} == found
    assert all(fold_handle(shown) == handle for handle, shown in linked)
    assert "mention" not in render(body_md, known_handles={"nobody"}).html
