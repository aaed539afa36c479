"""The demo discussion as text: whatever ``forum demo`` relies on holds in the file, before any database sees it."""

import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

DEMO = tomllib.loads((Path(__file__).parents[2] / "forum" / "demo" / "discussion.toml").read_text(encoding="utf-8"))
PEOPLE: dict[str, dict[str, Any]] = {person["handle"]: person for person in DEMO["people"]}
ARTICLES: dict[str, dict[str, Any]] = {article["slug"]: article for article in DEMO["articles"]}
COMMENTS: dict[str, dict[str, Any]] = {comment["label"]: comment for comment in DEMO["comments"]}

SERIES = "massage-in-the-treatment-of-cancer"
PART_1, PART_2, PART_3 = f"{SERIES}-part-1", f"{SERIES}-part-2", "what-i-would-measure-next"
STANCES = {"agreement", "disagreement", "skepticism", "encouragement"}
PRO, CON = ("agreement", "encouragement"), ("disagreement", "skepticism")
MINUTES_A_DAY = 1_440

KEYS = {
    "people": ({"handle", "display_name", "credential", "verified", "role", "sign_in"}, set()),
    "series": ({"slug", "title"}, set()),
    "articles": ({"slug", "title", "main_claim", "opening_question", "series", "part", "authors", "days_ago", "body_md"}, set()),
    "comments": (
        {"label", "article", "by", "minutes_ago", "body_md"},
        {"parent", "stance", "edited_body_md", "withdrawn", "pinned", "featured", "tags"},
    ),
    "continuations": ({"comment", "article", "by", "line"}, set()),
}


def _under(slug: str) -> list[dict[str, Any]]:
    return [comment for comment in DEMO["comments"] if comment["article"] == slug]


def _depth(comment: dict[str, Any]) -> int:
    return 1 + _depth(COMMENTS[comment["parent"]]) if "parent" in comment else 0


def _root(comment: dict[str, Any]) -> str:
    return _root(COMMENTS[comment["parent"]]) if "parent" in comment else str(comment["label"])


def _bodies(comment: dict[str, Any]) -> list[str]:
    return [comment["body_md"], *([comment["edited_body_md"]] if "edited_body_md" in comment else [])]


def _counts(comment: dict[str, Any]) -> Counter[str]:
    """Count the readers' tags; the article author's own is shown and not counted (product A-5)."""
    authors = ARTICLES[comment["article"]]["authors"]
    return Counter({stance: sum(handle not in authors for handle in handles) for stance, handles in comment.get("tags", {}).items()})


each_comment = pytest.mark.parametrize("comment", DEMO["comments"], ids=lambda comment: comment["label"])
each_article = pytest.mark.parametrize("article", DEMO["articles"], ids=lambda article: article["slug"])


@pytest.mark.parametrize("table", KEYS)
def test_tables_have_the_keys_of_the_schema_and_no_others(table: str) -> None:
    required, optional = KEYS[table]
    for row in DEMO[table]:
        assert required <= set(row) <= required | optional, row
    assert set(DEMO) == set(KEYS)


def test_threads_are_answered_in_later_parts_by_authors_of_both() -> None:
    for mark in DEMO["continuations"]:
        thread, later = COMMENTS[mark["comment"]], ARTICLES[mark["article"]]
        earlier = ARTICLES[thread["article"]]
        assert "parent" not in thread
        assert (earlier["series"], earlier["part"] < later["part"]) == (later["series"], True)
        assert mark["by"] in set(earlier["authors"]) & set(later["authors"])
        assert 0 < len(mark["line"]) <= 200


def test_names_are_given_once() -> None:
    assert (len(PEOPLE), len(ARTICLES), len(COMMENTS)) == (len(DEMO["people"]), len(DEMO["articles"]), len(DEMO["comments"]))
    assert len({comment["minutes_ago"] for comment in DEMO["comments"]}) == len(COMMENTS)


def test_people_are_many_and_three_of_them_sign_in() -> None:
    assert 40 <= len(PEOPLE) <= 50
    for person in PEOPLE.values():
        assert re.fullmatch(r"[a-z][a-z0-9]{1,29}", person["handle"])
        assert 1 <= len(person["display_name"]) <= 80
        assert len(person["credential"]) <= 120
        assert person["role"] in {"member", "publisher", "moderator", "admin"}
        assert not person["verified"] or person["credential"], "a verified person is verified as something"
    assert len({person["display_name"] for person in PEOPLE.values()}) == len(PEOPLE)
    signing_in = sorted(person["role"] for person in PEOPLE.values() if person["sign_in"])
    assert signing_in == ["member", "moderator", "publisher"]


def test_everybody_except_the_moderator_takes_part() -> None:
    taking_part = {comment["by"] for comment in COMMENTS.values()}
    taking_part |= {handle for comment in COMMENTS.values() for handles in comment.get("tags", {}).values() for handle in handles}
    assert {handle for handle, person in PEOPLE.items() if person["role"] != "moderator"} == taking_part


def test_titles_and_order_of_the_series() -> None:
    assert {series["slug"] for series in DEMO["series"]} == {SERIES}
    parts = sorted(ARTICLES.values(), key=lambda article: int(article["part"]))
    assert [(article["slug"], article["part"]) for article in parts] == [(PART_1, 1), (PART_2, 2), (PART_3, 3)]
    assert ARTICLES[PART_1]["title"] == "Massage in the Treatment of Cancer – Part 1"
    assert ARTICLES[PART_2]["title"] == "Massage in the Treatment of Cancer – Part 2"
    assert ARTICLES[PART_2]["days_ago"] == 40
    assert [article["days_ago"] for article in parts] == sorted((article["days_ago"] for article in parts), reverse=True)


@each_article
def test_articles_state_a_claim_and_ask_something(article: dict[str, Any]) -> None:
    assert article["series"] == SERIES
    assert 20 <= len(article["main_claim"]) <= 200
    assert article["opening_question"].endswith("?")
    assert len(article["opening_question"]) <= 300
    assert [PEOPLE[handle]["role"] for handle in article["authors"]] == ["publisher"]
    assert re.search(r"agreement, disagreement, skepticism or encouragement", article["body_md"], re.IGNORECASE)


@pytest.mark.parametrize(("slug", "fewest", "most", "headings"), [(PART_1, 500, 700, 4), (PART_2, 900, 1_200, 6), (PART_3, 150, 350, 2)])
def test_articles_have_the_length_and_headings_of_their_part(slug: str, fewest: int, most: int, headings: int) -> None:
    body = ARTICLES[slug]["body_md"]
    assert fewest <= len(body.split()) <= most
    assert len(re.findall(r"^## \S", body, re.MULTILINE)) >= headings
    assert not re.search(r"^(#|###+) ", body, re.MULTILINE), "h1 is the title; h2 is as deep as an article goes"


def test_counts_of_comments_and_threads() -> None:
    threads = Counter(_root(comment) for comment in _under(PART_2))
    assert len(_under(PART_2)) == 63
    assert 14 <= len(threads) <= 18
    assert min(threads.values()) == 1
    assert max(threads.values()) >= 10
    assert max(_depth(comment) for comment in _under(PART_2)) == 8
    assert 12 <= len(_under(PART_1)) <= 16
    assert _under(PART_3) == []


@each_comment
def test_comment_refers_to_what_exists_and_comes_after_it(comment: dict[str, Any]) -> None:
    article = ARTICLES[comment["article"]]
    assert comment["by"] in PEOPLE
    assert 0 < comment["minutes_ago"] < article["days_ago"] * MINUTES_A_DAY
    assert comment.get("stance", "agreement") in STANCES
    if "parent" in comment:
        parent = COMMENTS[comment["parent"]]
        assert parent["article"] == comment["article"]
        assert comment["minutes_ago"] < parent["minutes_ago"]
        labels = list(COMMENTS)
        assert labels.index(parent["label"]) < labels.index(comment["label"])


@each_comment
def test_comment_keeps_to_the_markdown_that_comments_may_use(comment: dict[str, Any]) -> None:
    for body in _bodies(comment):
        assert 1 <= len(body.strip()) <= 10_000
        assert len(body.split()) <= 260
        assert not re.search(r"^#+ |!\[|<[A-Za-z/!]", body, re.MULTILINE), "headings, images and HTML are not for comments"
        assert set(re.findall(r"https?://([^/\s)]+)", body)) <= {"example.org"}
        assert set(re.findall(r"(?<![\w.])@(\w+)", body)) <= set(PEOPLE)
        assert not re.search(r"\S@\S+\.\S|\d{3}[ -]?\d{3,}", body), "no mail address, no telephone number"


@each_comment
def test_quotations_of_an_article_are_in_the_article(comment: dict[str, Any]) -> None:
    if "parent" not in comment:
        for quotation in re.findall(r"^> (.+)$", comment["body_md"], re.MULTILINE):
            assert quotation in ARTICLES[comment["article"]]["body_md"]


@each_comment
def test_a_reader_tags_a_comment_once_and_never_their_own(comment: dict[str, Any]) -> None:
    tags = comment.get("tags", {})
    assert set(tags) <= STANCES
    handles = [handle for stance in tags for handle in tags[stance]]
    assert len(handles) == len(set(handles))
    assert set(handles) <= set(PEOPLE) - {comment["by"]}
    assert not (handles and comment.get("withdrawn")), "tags are taken on visible comments only"


@each_comment
def test_who_answers_with_a_stance_does_not_tag_with_another(comment: dict[str, Any]) -> None:
    for reply in COMMENTS.values():
        if reply.get("parent") == comment["label"] and "stance" in reply:
            others = {handle for stance, handles in comment.get("tags", {}).items() if stance != reply["stance"] for handle in handles}
            assert reply["by"] not in others - set(ARTICLES[comment["article"]]["authors"])


def test_all_four_stances_are_written_and_tagged() -> None:
    for slug in (PART_1, PART_2):
        assert {comment["stance"] for comment in _under(slug) if "stance" in comment and "parent" not in comment} == STANCES
        assert {stance for comment in _under(slug) for stance in comment.get("tags", {})} == STANCES
    assert any("stance" not in comment for comment in COMMENTS.values())


def test_tags_are_distributed_as_in_a_real_discussion() -> None:
    counts = [_counts(comment) for comment in _under(PART_2)]
    sides = [(sum(count[s] for s in PRO), sum(count[s] for s in CON)) for count in counts]
    contested = [(pro, con) for pro, con in sides if pro + con >= 10 and 0.4 <= pro / (pro + con) <= 0.6]
    assert len(contested) >= 3
    assert any(pro >= 25 and pro / (pro + con) >= 0.9 for pro, con in sides), "one comment is valued by nearly everybody"
    assert any(con >= 15 and con / (pro + con) >= 0.9 for pro, con in sides), "one is rejected by nearly everybody, and stays"
    assert sum(pro + con == 0 for pro, con in sides) >= 12
    assert {max(count, key=lambda stance: count[stance]) for count in counts if count.total()} == STANCES


def test_author_answers_some_doubts_and_leaves_some() -> None:
    (author,) = ARTICLES[PART_2]["authors"]
    answered = {_root(comment) for comment in _under(PART_2) if comment["by"] == author}
    doubts = {c["label"] for c in _under(PART_2) if "parent" not in c and c.get("stance") in CON}
    assert len(doubts & answered) >= 3
    assert len(doubts - answered) >= 3
    assert any(c["by"] == author and c.get("stance") == "agreement" and _depth(c) >= 5 for c in _under(PART_2)), "the author concedes once"
    tagged_by_author = [c for c in COMMENTS.values() if author in {h for handles in c.get("tags", {}).values() for h in handles}]
    assert 3 <= len(tagged_by_author) <= 15


def test_one_comment_each_is_withdrawn_edited_pinned_and_featured() -> None:
    (withdrawn,) = (comment for comment in COMMENTS.values() if comment.get("withdrawn"))
    (edited,) = (comment for comment in COMMENTS.values() if "edited_body_md" in comment)
    (pinned,) = (comment for comment in COMMENTS.values() if comment.get("pinned"))
    (featured,) = (comment for comment in COMMENTS.values() if "featured" in comment)
    assert any(comment.get("parent") == withdrawn["label"] for comment in COMMENTS.values())
    assert edited["edited_body_md"] != edited["body_md"]
    assert {pinned["article"], featured["article"]} == {PART_2}
    assert "parent" not in pinned
    assert "parent" not in featured
    assert 1 <= len(featured["featured"]) <= 200
    assert "\n" not in featured["featured"]


def test_comments_differ_in_length_and_use_markdown_as_people_do() -> None:
    lengths = [len(comment["body_md"].split()) for comment in _under(PART_2)]
    assert min(lengths) <= 15
    assert max(lengths) >= 180
    text = "\n".join(body for comment in _under(PART_2) for body in _bodies(comment))
    for mark in (r"^> ", r"^- ", r"^1\. ", r"\*\*\w", r"(?<!\*)\*\w", r"\]\(https://example\.org/", r"(?<!\w)@\w"):
        assert re.search(mark, text, re.MULTILINE), mark
