"""One article, one address: the table of pairs, the refusals, and what must hold for any text at all."""

import tomllib
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from forum.articles.address import DROPPED_NAMES, DROPPED_PREFIXES, MAX_LENGTH, BadAddress, normalize_address, tidy_address

TABLE = tomllib.loads((Path(__file__).parent / "data" / "address_pairs.toml").read_text(encoding="utf-8"))

# Pieces that mean something to one parser or another, so that generated addresses reach every branch and not only the first refusal.
PIECES = st.sampled_from(
    (
        *("http://", "https://", "HTTP://", "//", "/", "?", "&", "=", "#", ":", "@", "\\", "+", ";", "|", "[]", "~"),
        *(".", "..", "...", "./", "/../", "/%2e%2E/", "%2F", "%25", "%", "%7e", "%c3", "%A9", "%zz"),
        *(":80", ":443", ":0", ":99999", "[", "]", "[::1]", "[::ffff:1.2.3.4]", "127.0.0.1", "0x7f", "1"),
        *("example.org", "www.", "xn--", "xn--bcher-kva", "a", "A", "utm_source", "gclid", "x=1", "y=2"),
        *("é", "ß", "ς", "ẞ", "İ", "\u017f", "\ufb01", "\u2100", "\u3002", "\u00ad", "\u200d", "\u0301", "\u202e", "\ud800"),
        *(" ", "\t", "\n", "\x00"),
    )
)
SENSIBLE_HOSTS = st.sampled_from(
    ["example.org", "Example.ORG.", "bücher.example", "192.0.2.7", "[2001:DB8::1]", "localhost:8000", "example.org:443"]
)
TAILS = st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=12).map("".join))
ADDRESSES = st.one_of(
    st.text(max_size=80),
    st.lists(PIECES, max_size=16).map("".join),
    st.builds("{}{}/{}".format, st.sampled_from(["http://", "https://", "hTTp://"]), SENSIBLE_HOSTS, TAILS),
)
GOOD_PATHS = st.text("abcXYZ019-._~!$'()*,;:@/%é ", max_size=30).map(lambda text: "/" + text.replace(" ", "%20"))
NAMES = st.text("abcdxyz", min_size=1, max_size=4)
VALUES = st.text("abc019%é", max_size=6)


IN_A_KEY = {chr(code) for code in range(0x21, 0x7F)} - set('"#<>\\^`{|}')


def _normalized_or_none(address: str) -> str | None:
    try:
        return normalize_address(address)
    except BadAddress:
        return None


def _keys_of(values: list[str]) -> list[str]:
    return [normalize_address(f"https://example.org/?k={value}") for value in values]


@pytest.mark.parametrize("pair", TABLE["pairs"], ids=lambda pair: pair["why"])
def test_pairs_of_the_table_are_the_same_article_or_not(pair: dict[str, Any]) -> None:
    left, right = normalize_address(pair["left"]), normalize_address(pair["right"])
    assert (left == right) is pair["same"], (left, right)


@pytest.mark.parametrize("refused", TABLE["refused"], ids=lambda refused: refused["why"])
def test_refused_addresses_say_what_is_wrong_and_the_way_out(refused: dict[str, str]) -> None:
    for function in (normalize_address, tidy_address):
        with pytest.raises(BadAddress) as caught:
            function(refused["address"])
        assert caught.value.code == refused["code"]
        sentence = str(caught.value)
        assert sentence[0].isupper()
        assert sentence.endswith(".")


def test_table_is_large_enough_to_lean_on() -> None:
    answers = [pair["same"] for pair in TABLE["pairs"]]
    assert answers.count(True) >= 35
    assert answers.count(False) >= 35
    assert len(TABLE["refused"]) >= 20
    assert len({(pair["left"], pair["right"]) for pair in TABLE["pairs"]}) == len(answers)


@pytest.mark.parametrize(
    ("address", "key", "link"),
    [
        ("HTTP://Example.ORG:80/a/?utm_source=x#top", "https://example.org/a", "http://example.org/a/"),
        ("https://example.org", "https://example.org/", "https://example.org/"),
        ("http://localhost:8000/é/", "https://localhost:8000/%C3%A9", "http://localhost:8000/%C3%A9/"),
        ("http://[::FFFF:c000:207]:8080/", "https://[::ffff:192.0.2.7]:8080/", "http://[::ffff:192.0.2.7]:8080/"),
        ("https://FAẞ.example/?b&a=%2b", "https://xn--fa-hia.example/?a=%2B&b", "https://xn--fa-hia.example/?a=%2B&b"),
        ("http://example.org:443/a", "https://example.org/a", "http://example.org:443/a"),
    ],
)
def test_key_and_link_are_spelt_exactly_so(address: str, key: str, link: str) -> None:
    assert normalize_address(address) == key
    assert tidy_address(address) == link


@pytest.mark.parametrize(
    ("path", "resolved"),
    [
        ("/a/b/c/./../../g", "/a/g"),  # both examples of RFC 3986 section 5.2.4
        ("/mid/content=5/../6", "/mid/6"),
        ("/b/c/.", "/b/c/"),  # and what is left of the references of section 5.4, resolved by hand
        ("/b/c/..", "/b/"),
        ("/b/c/../..", "/"),
        ("/b/c/../../../../g", "/g"),
        ("/b/c/g.", "/b/c/g."),
        ("/b/c/..g", "/b/c/..g"),
        ("/b/c/g;x=1/../y", "/b/c/y"),
        ("/..", "/"),
    ],
)
def test_dot_segments_resolve_as_rfc_3986_says(path: str, resolved: str) -> None:
    assert tidy_address("https://example.org" + path) == "https://example.org" + resolved


@pytest.mark.parametrize("name", sorted(DROPPED_NAMES | {prefix + "anything" for prefix in DROPPED_PREFIXES}))
def test_every_dropped_name_leaves_the_article_the_same(name: str) -> None:
    assert normalize_address(f"https://example.org/a?p=1&{name}=x") == "https://example.org/a?p=1"
    assert normalize_address(f"https://example.org/a?{name.upper()}=x&p=1") == "https://example.org/a?p=1"


def test_dropped_names_are_in_the_case_they_are_compared_in() -> None:
    assert all(name == name.lower() for name in (*DROPPED_NAMES, *DROPPED_PREFIXES))


def test_length_is_limited_as_given_and_as_stored() -> None:
    start = "https://example.org/"
    longest = start + "a" * (MAX_LENGTH - len(start))
    assert normalize_address(longest) == longest
    for too_long in (longest + "a", start + "é" * 400, longest.replace("https", "http") + "aa"):
        with pytest.raises(BadAddress) as caught:
            normalize_address(too_long)
        assert caught.value.code == "length"


@pytest.mark.parametrize("host", ["a" * 63 + ".org", ".".join(["abcdefg"] * 31) + ".org"])
def test_long_hosts_pass_up_to_the_limit_of_dns(host: str) -> None:
    assert normalize_address(f"https://{host}/") == f"https://{host}/"
    with pytest.raises(BadAddress):
        normalize_address(f"https://{host[:1]}{host}abcdefgh/")


@pytest.mark.parametrize("port", ["9" * 1_900, "0" * 1_900, "0" * 1_900 + "8"])
def test_endless_port_numbers_are_read_without_another_exception(port: str) -> None:
    assert _normalized_or_none(f"https://example.org:{port}/") in (None, "https://example.org:8/")


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(BadAddress) as caught:
        normalize_address("https://example.org/\ud800")
    assert caught.value.code == "characters"


def test_refusal_never_repeats_what_was_typed() -> None:
    with pytest.raises(BadAddress) as caught:
        normalize_address("https://anna:open-sesame@example.org/")
    assert "sesame" not in str(caught.value)


@given(ADDRESSES)
@example("https://example.org/%%34%31")
@example("https://example.org/a/.//")
@example("https://example.org/?=&=1")
@example("http://example.org:443")
def test_any_text_gives_a_stable_key_or_bad_address(text: str) -> None:
    key = _normalized_or_none(text)
    if key is None:
        return
    assert normalize_address(key) == key
    assert len(key) <= MAX_LENGTH
    assert set(key) <= IN_A_KEY
    assert key.startswith("https://")


@given(ADDRESSES)
def test_link_is_stable_and_leads_to_the_same_key(text: str) -> None:
    key = _normalized_or_none(text)
    if key is None:
        return
    link = tidy_address(text)
    assert tidy_address(link) == link
    assert normalize_address(link) == key


@given(GOOD_PATHS, st.lists(st.tuples(NAMES, VALUES), max_size=5), st.sampled_from(sorted(DROPPED_NAMES)), st.data())
def test_tags_scheme_slash_and_fragment_never_make_a_second_article(
    path: str, pairs: list[tuple[str, str]], dropped: str, data: st.DataObject
) -> None:
    written = [f"{name}={value}" for name, value in pairs]
    plain = normalize_address("https://example.org" + path + "?" + "&".join(written))
    place = data.draw(st.integers(0, len(written)))
    tagged = [*written[:place], f"{dropped}=x", *written[place:]]
    assert normalize_address("http://EXAMPLE.org.:80" + path + "/?" + "&".join(tagged) + "#f") == plain


@given(st.dictionaries(NAMES, VALUES, max_size=6), st.randoms(use_true_random=False))
def test_order_of_different_keys_is_immaterial(pairs: dict[str, str], chance: Random) -> None:
    written = [f"{name}={value}" for name, value in pairs.items()]
    shuffled = chance.sample(written, len(written))
    assert normalize_address("https://example.org/?" + "&".join(shuffled)) == normalize_address("https://example.org/?" + "&".join(written))


@given(st.lists(VALUES, min_size=2, max_size=4, unique=True))
def test_order_of_one_keys_values_is_kept(values: list[str]) -> None:
    forwards = normalize_address("https://example.org/?" + "&".join(f"k={value}" for value in values))
    backwards = normalize_address("https://example.org/?" + "&".join(f"k={value}" for value in reversed(values)))
    assert (forwards == backwards) is (_keys_of(values) == _keys_of(values[::-1]))
