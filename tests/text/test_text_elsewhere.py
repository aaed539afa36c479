"""A rendered text on another site's page, and data inside a page."""

import json

import pytest

from forum.text.data_block import write_data_block
from forum.text.elsewhere import for_elsewhere
from forum.text.links import REL
from forum.text.render import render

BASE = "https://talk.example"


def test_a_mention_leads_to_us() -> None:
    html = render("Ask @anna, see [this](https://a.example/u/x).", known_handles=["anna"]).html
    found = for_elsewhere(html, BASE)
    assert f'href="{BASE}/u/anna"' in found
    assert found.count(f'rel="{REL}"') == found.count("<a ") == 2
    assert 'href="https://a.example/u/x"' in found


@pytest.mark.parametrize(
    "text",
    [
        '`<a class="mention" href="/u/anna">`',
        '<a class="mention" href="/u/anna">x</a>',
        '[x](https://a.example "<a class=&quot;mention&quot; href=&quot;/u/anna&quot;>")',
        'class="mention" href="/u/anna"',
    ],
)
def test_what_only_looks_like_a_mention_is_left_alone(text: str) -> None:
    html = render(text, known_handles=["anna"]).html
    assert for_elsewhere(html, BASE) == html


@pytest.mark.parametrize("text", ["</script>", "<!--", "]]>", "\u2028", "&amp;", '"', "\\"])
def test_data_ends_where_its_element_ends(text: str) -> None:
    block = write_data_block({text: [text, 1, True, None, {"x": text}]})
    start, end = '<script type="application/ld+json">', "</script>"
    written = block.removeprefix(start).removesuffix(end)
    assert len(written) == len(block) - len(start) - len(end)
    assert not set(written) & set("<>&\u2028\u2029")
    assert json.loads(written) == {text: [text, 1, True, None, {"x": text}]}


def test_data_that_is_no_json_is_refused() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        write_data_block({"x": float("nan")})
