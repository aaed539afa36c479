"""The two readers against the real exports and against each state and fault that exports have."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from forum.transfer.formats import FORMATS
from forum.transfer.records import (
    ArticleState,
    Changed,
    CommentState,
    ImportedArticle,
    ImportedComment,
    ImportRefused,
    Kind,
    LeftOut,
    Record,
)
from tests.transfer.xml_samples import comment, disqus, item, post, thread, wordpress

DATA = Path(__file__).parents[1] / "data" / "import"
EXPECTED: dict[str, dict[str, Any]] = json.loads((DATA / "EXPECTED.json").read_text())
FORMAT_OF = {"wxr": "wordpress", "disqus": "disqus"}


def read(format_: str, file: Path) -> list[Record]:
    return list(FORMATS[format_].read(file, lambda _: None))


def read_text(format_: str, text: str, tmp_path: Path) -> list[Record]:
    file = tmp_path / "export.xml"
    file.write_text(text, encoding="utf-8")
    return read(format_, file)


def comments(records: list[Record]) -> list[ImportedComment]:
    return [record for record in records if isinstance(record, ImportedComment)]


def articles(records: list[Record]) -> list[ImportedArticle]:
    return [record for record in records if isinstance(record, ImportedArticle)]


def reasons(records: list[Record]) -> Counter[tuple[type, Kind, str]]:
    return Counter((type(record), record.kind, record.why) for record in records if isinstance(record, (LeftOut, Changed)))


@pytest.mark.parametrize("name", [name for name, expected in EXPECTED.items() if expected.get("format") == "wxr"])
def test_real_wordpress_files_have_their_true_counts(name: str) -> None:
    expected = EXPECTED[name]
    records = read("wordpress", DATA / name)
    found = comments(records)
    assert len(found) == expected["comments"]
    assert len(articles(records)) == expected["items"]
    assert sum(comment.parent_external_id is not None for comment in found) == expected["replies"]
    assert sum(comment.state is CommentState.VISIBLE for comment in found) == expected.get("approved", 1)
    assert len({comment.article_external_id for comment in found}) == expected.get("items_with_comments", 1)
    assert len({comment.external_id for comment in found}) == expected["comments"]


def test_the_real_disqus_file_has_its_true_counts() -> None:
    expected = EXPECTED["isso-disqus.xml"]
    records = read("disqus", DATA / "isso-disqus.xml")
    found = comments(records)
    assert len(found) == expected["posts"]
    assert len(articles(records)) == expected["threads"]
    assert sum(comment.parent_external_id is not None for comment in found) == expected["replies"]
    assert sum(comment.state is CommentState.DELETED for comment in found) == expected["deleted"]
    assert len({comment.article_external_id for comment in found}) == expected["threads_with_posts"]


@pytest.mark.parametrize("name", [name for name, expected in EXPECTED.items() if "error" in expected])
def test_files_that_are_not_well_formed_are_refused_with_their_place(name: str) -> None:
    place = EXPECTED[name]["error"].rsplit("not well-formed (invalid token): ", 1)[1]
    with pytest.raises(ImportRefused, match=f"{name}, {place}"):
        read("disqus", DATA / name)


@pytest.mark.parametrize(("format_", "other"), [("wordpress", "isso-disqus.xml"), ("disqus", "isso-wordpress.xml")])
def test_a_file_of_another_format_is_refused_with_the_way_out(format_: str, other: str) -> None:
    with pytest.raises(ImportRefused, match="Export"):
        read(format_, DATA / other)


def test_a_plain_feed_is_no_wordpress_export(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="feed of articles without comments"):
        read_text("wordpress", "<rss><channel><item><title>x</title><link>https://host.example</link></item></channel></rss>", tmp_path)


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_every_version_of_the_namespace_reads_the_same(version: str, tmp_path: Path) -> None:
    records = read_text("wordpress", wordpress(item(7, comment("1", "a\n\nb"), comment("2", parent="1")), version=version), tmp_path)
    first, second = comments(records)
    assert first.external_id == "https://blog.example/?p=7#comment-1"
    assert first.body_html == "<p>a</p>\n<p>b</p>"
    assert second.parent_external_id == first.external_id
    assert articles(records)[0].url == "https://blog.example/7/"


@pytest.mark.parametrize(
    ("approved", "state"),
    [
        ("1", CommentState.VISIBLE),
        ("approve", CommentState.VISIBLE),
        ("0", CommentState.HELD),
        ("hold", CommentState.HELD),
        ("", CommentState.HELD),
        ("spam", CommentState.SPAM),
        ("trash", CommentState.DELETED),
        ("post-trashed", CommentState.DELETED),
    ],
)
def test_wordpress_states(approved: str, state: CommentState, tmp_path: Path) -> None:
    assert comments(read_text("wordpress", wordpress(item(1, comment("1", approved=approved))), tmp_path))[0].state is state


@pytest.mark.parametrize("type_", ["pingback", "trackback", "order_note"])
def test_what_is_no_comment_is_left_out(type_: str, tmp_path: Path) -> None:
    records = read_text("wordpress", wordpress(item(1, comment("1", type_=type_), comment("2", type_=""))), tmp_path)
    assert [found.external_id[-2:] for found in comments(records)] == ["-2"]
    assert sum(reasons(records).values()) == 1


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ("", ArticleState.PUBLISHED),
        ("<wp:status>publish</wp:status>", ArticleState.PUBLISHED),
        ("<wp:status>private</wp:status>", ArticleState.UNPUBLISHED),
        ("<wp:status>draft</wp:status>", ArticleState.UNPUBLISHED),
        ("<wp:status>future</wp:status>", ArticleState.UNPUBLISHED),
        ("<wp:status>trash</wp:status>", ArticleState.DELETED),
        ("<wp:status>publish</wp:status><wp:post_password>x</wp:post_password>", ArticleState.UNPUBLISHED),
        ("<wp:status>inherit</wp:status><wp:post_parent>1</wp:post_parent>", ArticleState.UNPUBLISHED),
        ("<wp:status>inherit</wp:status><wp:post_parent>2</wp:post_parent>", ArticleState.PUBLISHED),
    ],
)
def test_what_was_not_public_in_wordpress_is_known(more: str, state: ArticleState, tmp_path: Path) -> None:
    text = wordpress(item(1, more="<wp:status>private</wp:status>"), item(2), item(3, comment("1"), more=more))
    assert articles(read_text("wordpress", text, tmp_path))[-1].state is state


def test_wordpress_dates_come_from_utc_then_from_the_blogs_clock(tmp_path: Path) -> None:
    zero = "0000-00-00 00:00:00"
    text = wordpress(item(1, comment("1"), comment("2", gmt=zero, local="2015-02-01 12:30:00"), comment("3", gmt=zero, local=zero)))
    records = read_text("wordpress", text, tmp_path)
    dates = [found.created_at for found in comments(records)]
    assert dates == [datetime(2015, 2, 1, 10, tzinfo=UTC), datetime(2015, 2, 1, 10, 30, tzinfo=UTC), None]
    assert [why.rsplit(": ", 1)[1] for _, _, why in reasons(records)] == ["its local date is used", "the article's is used"]


def test_websites_are_reported_as_left_out(tmp_path: Path) -> None:
    records = read_text("wordpress", wordpress(item(1, comment("1", url="https://anna.example"), comment("2", url="http://"))), tmp_path)
    assert reasons(records) == {(LeftOut, Kind.WEBSITE, "people have no website here"): 1}


def test_two_blogs_with_the_same_numbers_stay_two(tmp_path: Path) -> None:
    one = comments(read_text("wordpress", wordpress(item(1, comment("1"))), tmp_path))[0]
    other = comments(read_text("wordpress", wordpress(item(1, comment("1")), blog="https://other.example/"), tmp_path))[0]
    assert one.external_id != other.external_id


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ("", CommentState.VISIBLE),
        ("<isDeleted>false</isDeleted><isSpam>false</isSpam>", CommentState.VISIBLE),
        ("<isDeleted>true</isDeleted><isSpam>false</isSpam>", CommentState.DELETED),
        ("<isDeleted>true</isDeleted><isSpam>true</isSpam>", CommentState.SPAM),
        ("<isSpam>123</isSpam>", CommentState.SPAM),
        ("<isApproved>false</isApproved>", CommentState.HELD),
    ],
)
def test_disqus_states(more: str, state: CommentState, tmp_path: Path) -> None:
    assert comments(read_text("disqus", disqus(thread(), post("1", more=more)), tmp_path))[0].state is state


def test_disqus_threads_tell_their_address_and_state(tmp_path: Path) -> None:
    text = disqus(
        thread("1", link="/relative", more="<isClosed>true</isClosed>"),
        thread("2", link="https://host.example/2?a=1&b=2", more="<isDeleted>true</isDeleted>"),
        '<thread dsq:id="3"><id>https://host.example/3</id></thread>',
        "<thread><title>no id</title></thread>",
    )
    records = read_text("disqus", text, tmp_path)
    found = articles(records)
    assert [article.url for article in found] == [None, "https://host.example/2?a=1&b=2", "https://host.example/3"]
    assert [article.is_closed for article in found] == [True, False, False]
    assert found[1].state is ArticleState.DELETED
    assert reasons(records) == {(LeftOut, Kind.ARTICLE, "the thread has no id, so that no comment can name it"): 1}


def test_a_post_without_id_is_the_same_when_read_again_and_one_without_thread_is_left_out(tmp_path: Path) -> None:
    bare = "<post><message>hi</message><createdAt>yesterday</createdAt><thread dsq:id='t1'/></post>"
    records = read_text("disqus", disqus(thread(), bare, "<post dsq:id='9'><message>lost</message></post>"), tmp_path)
    (found,) = comments(records)
    assert found.external_id.startswith("content:")
    assert found.created_at is None
    assert found.author.name == ""
    assert found == comments(read_text("disqus", disqus(thread(), bare), tmp_path))[0]
    assert set(reasons(records)) == {
        (Changed, Kind.COMMENT, "its date cannot be read: the article's is used"),
        (LeftOut, Kind.COMMENT, "it names no thread"),
    }
