"""``forum article``: named by number, slug or address; tried first, done, and undone."""

import json

import pytest

from forum.access.viewer import DEFAULT_SITE_ID
from forum.articles.actions import ArticleDraft, create_article
from forum.comments.actions import NewComment, store
from forum.db.transaction import writing
from tests.cli.conftest import Forum
from tests.cli.test_cli_mail import inside
from tests.conftest import add_account

pytestmark = pytest.mark.postgresql_slow
OLD, NEW = "https://blog.example.org/old", "https://blog.example.org/new"


def make() -> tuple[int, int]:
    with writing() as session:
        anna = add_account(session, "anna").id
        one, _ = create_article(session, DEFAULT_SITE_ID, ArticleDraft("Old title", url=OLD), author_ids=(anna,))
        other, _ = create_article(session, DEFAULT_SITE_ID, ArticleDraft("New title", url=NEW))
        store(session, one, None, None, NewComment("A word.", "<p>A word.</p>\n", 1, None, anna))
        return one.id, other.id


@pytest.fixture
def site(installed: Forum) -> Forum:
    assert inside(make) == (1, 2)
    return installed


def shown(site: Forum, article: str) -> dict[str, object]:
    done = site("article", "show", article, "--json")
    assert done.code == 0, done
    found: dict[str, object] = json.loads(done.out)
    return found


def test_list_and_show(site: Forum) -> None:
    done = site("article", "list")
    assert "1  old-title  1 comment  https://blog.example.org/old\n" in done.out
    assert done.out.endswith("2 articles.\n")
    assert [row["slug"] for row in json.loads(site("article", "list", "--search", "NEW", "--json").out)] == ["new-title"]
    for named in ("1", "old-title", "/a/old-title", OLD, "http://blog.example.org/old/?utm_source=x"):
        assert shown(site, named)["id"] == 1
    done = site("article", "show", "old-title")
    assert "authors: anna\n" in done.out
    assert "address: " in done.out
    assert "'forum article list' shows them" in site("article", "show", "nothing").refusal


@pytest.mark.slow
def test_move_and_undo(site: Forum) -> None:
    before = shown(site, "1")
    done = site("article", "move", "1", "https://blog.example.org/newer", "--dry-run")
    assert done.out.startswith("Nothing was changed; this would be done: 'old-title' moves from https://blog.example.org/old to ")
    assert shown(site, "1") == before
    done = site("article", "move", OLD, "https://blog.example.org/newer")
    number = done.out.split()[-1]
    assert done.out.endswith(f"To take it back: forum article undo {number}\n")
    moved = shown(site, OLD)
    assert (moved["url"], len(moved["addresses"])) == ("https://blog.example.org/newer", 2)  # type: ignore[arg-type]
    assert shown(site, "https://blog.example.org/newer")["id"] == 1
    assert "Nothing was changed: it is so already." in site("article", "move", "1", "https://blog.example.org/newer").out
    done = site("article", "undo", number, "--dry-run")
    assert "would be undone: 'old-title' moved from" in done.out
    assert site("article", "undo", number).code == 0
    after = shown(site, "1")
    assert {**after, "version": 0, "changes": []} == {**before, "version": 0, "changes": []}
    assert "undone already" in site("article", "undo", number).refusal


@pytest.mark.slow
def test_aliases(site: Forum) -> None:
    assert site("article", "alias", "1", "https://x.example.org/a").code == 0
    assert shown(site, "https://x.example.org/a")["id"] == 1
    assert "'forum article merge' puts their discussions together" in site("article", "alias", "2", "https://x.example.org/a").refusal
    assert "does not have the address" in site("article", "alias", "2", "https://x.example.org/a", "--remove").refusal
    assert "own address" in site("article", "alias", "1", OLD, "--remove").refusal
    assert site("article", "alias", "1", "https://x.example.org/a", "--remove").code == 0
    assert site("article", "show", "https://x.example.org/a").code == 1
    assert "Change 2 came later" in site("article", "undo", "1").refusal
    assert site("article", "undo", "2").code == 0
    assert shown(site, "https://x.example.org/a")["id"] == 1
    assert site("article", "undo", "1").code == 0
    assert site("article", "show", "https://x.example.org/a").code == 1
    for bad in ("ftp://x.example.org/", "nothing", ""):
        assert site("article", "alias", "1", bad).code == 1


def test_merge_and_undo(site: Forum) -> None:
    done = site("article", "merge", "old-title", NEW, "--dry-run")
    assert "1 comment (1 of them visible), 1 thread, 1 address, 0 followers, 0 open cases. Not among the authors there" in done.out
    assert shown(site, "1")["comment_count"] == 1
    done = site("article", "merge", "old-title", NEW)
    assert "To take it back: forum article undo 1" in done.out
    assert (shown(site, "1")["comment_count"], shown(site, "2")["comment_count"]) == (0, 1)
    assert shown(site, OLD)["id"] == 2
    assert "(merged into 2)" in site("article", "list").out
    assert "merged into another article already" in site("article", "merge", "1", "2").refusal
    assert "one and the same" in site("article", "merge", "2", "2").refusal
    assert "just merged" in site("article", "move", "1", "https://blog.example.org/newer").refusal
    assert site("check").code == 0
    assert site("article", "undo", "1").code == 0
    assert (shown(site, "1")["comment_count"], shown(site, OLD)["id"]) == (1, 1)
    assert "no such change" in site("article", "undo", "9").refusal
