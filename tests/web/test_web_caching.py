"""Conditional requests at every reading door: a tag that names everything visible, 304 without rendering, and who may keep what."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from forum.db.base import db
from forum.posting import api as posting_api
from forum.refusals import Kind, Refusal
from forum.web.caching import entity_tag, is_fresh, require_version
from forum.web.doors import Door
from tests.access.test_access_doors import MAY
from tests.world import GOOD, World, api_doors, make_world

pytestmark = pytest.mark.postgresql_slow

SHARED = "public, max-age=0, must-revalidate"


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


def reads(app: Flask) -> list[Door]:
    # What is measured is different each time, and asks for no tag.
    return [door for door in api_doors(app) if door.is_safe and door.rule != "/metrics"]


@contextmanager
def queries() -> Iterator[list[str]]:
    """Collect the statements that run inside."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


def test_every_read_has_a_tag_and_keeps_quiet_when_it_still_holds(world: World) -> None:
    for door in reads(world.app):
        caller = world.enter(MAY[door.endpoint][0][-1])
        path = GOOD[door.endpoint](world, "admin").path
        first = caller.get(path)
        tag = first.headers["ETag"]
        again = caller.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag), door.endpoint
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
        assert again.headers["Vary"] == first.headers["Vary"]
        for header in (f"W/{tag}", f'"other", {tag}', "*"):
            assert caller.get(path, headers={"If-None-Match": header}).status_code == 304, (door.endpoint, header)
        for header in ('"other"', "x", '"', ""):
            assert caller.get(path, headers={"If-None-Match": header}).status_code == 200, (door.endpoint, header)


def test_head_answers_what_get_does_without_the_body(world: World) -> None:
    for door in reads(world.app):
        caller = world.enter(MAY[door.endpoint][0][-1])
        path = GOOD[door.endpoint](world, "admin").path
        head, got = caller.request("HEAD", path), caller.get(path)
        assert (head.status_code, head.data) == (200, b"")
        for name in ("ETag", "Cache-Control", "Content-Type", "Content-Length", "Vary"):
            assert head.headers[name] == got.headers[name], (door.endpoint, name)


def test_only_a_caller_without_an_account_gets_what_others_may_keep(world: World) -> None:
    for door in reads(world.app):
        allowed, scope = MAY[door.endpoint]
        path = GOOD[door.endpoint](world, "admin").path
        if "visitor" in allowed:
            answer = world.enter("visitor").get(path)
            assert answer.headers["Cache-Control"] == ("private, no-cache" if door.private else SHARED), door.endpoint
            assert "Set-Cookie" not in answer.headers, door.endpoint
        if not door.unbound:
            signed_in = [world.enter(allowed[-1])]
            if scope is not None and door.rule.startswith("/api"):
                signed_in.append(world.token(allowed[-1], scope))
            for caller in signed_in:
                assert caller.get(path).headers["Cache-Control"] == "private, no-cache", door.endpoint
        assert {"Cookie", "Authorization"} <= set(world.enter(allowed[-1]).get(path).vary), door.endpoint


def test_a_page_that_is_known_is_neither_rendered_nor_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        world.comment()
    visitor, path = world.enter("visitor"), f"/articles/{world.article_id}/comments"
    with queries() as whole:
        tag = visitor.get(path).headers["ETag"]
    monkeypatch.setattr(posting_api, "read_discussion", forbidden)
    with queries() as known:
        assert visitor.get(path, headers={"If-None-Match": tag}).status_code == 304
    assert not [statement for statement in known if "FROM comments" in statement]
    assert len(whole) > len(known)


def forbidden(*_: object) -> None:
    raise AssertionError("rendered although the caller has it")


Change = Callable[[World, int], Any]
CHANGES: dict[str, Change] = {
    "a new root": lambda world, comment: world.enter("member").post(f"/articles/{world.article_id}/comments", {"body_md": "New."}),
    "a reply": lambda world, comment: world.enter("member").post(
        f"/articles/{world.article_id}/comments", {"body_md": "New.", "parent_id": comment}
    ),
    "the author's reply": lambda world, comment: world.enter("author").post(
        f"/articles/{world.article_id}/comments", {"body_md": "I.", "parent_id": comment}
    ),
    "an edit": lambda world, comment: world.enter("writer").patch(f"/comments/{comment}", {"body_md": "Better."}),
    "another stance": lambda world, comment: world.enter("writer").patch(f"/comments/{comment}", {"stance": "agreement"}),
    "a tag": lambda world, comment: world.enter("member").put(f"/comments/{comment}/tag", {"stance": "agreement"}),
    "a withdrawal": lambda world, comment: world.enter("writer").delete(f"/comments/{comment}"),
    "another name": lambda world, comment: world.enter("writer").patch("/me", {"display_name": "Somebody Else"}),
    "another credential": lambda world, comment: world.enter("writer").patch("/me", {"credential": "Nurse"}),
    "the author's name": lambda world, comment: world.enter("author").patch("/me", {"display_name": "Dr. Who"}),
    "closing": lambda world, comment: world.enter("author").patch(
        f"/articles/{world.article_id}", {"closed": True, "closed_reason": "Enough."}
    ),
    "another title": lambda world, comment: world.enter("author").patch(f"/articles/{world.article_id}", {"title": "Renamed"}),
}
PAGES = (
    "/articles/{article}/comments",
    "/articles/{article}",
    "/articles",
    "/comments/{comment}",
    "/comments/{comment}/replies",
    "/comments/{comment}/context",
)


@pytest.mark.parametrize("name", list(CHANGES))
def test_whatever_changes_to_the_eye_changes_the_tag(world: World, name: str) -> None:
    comment = world.comment()
    visitor = world.enter("visitor")
    paths = [page.format(article=world.article_id, comment=comment) for page in PAGES]
    before = {path: (visitor.get(path).headers["ETag"], visitor.get(path).data) for path in paths}
    answer = CHANGES[name](world, comment)
    assert answer.status_code in (200, 201, 204), answer.text
    changed = 0
    for path in paths:
        tag, data = before[path]
        now = visitor.get(path, headers={"If-None-Match": tag})
        if visitor.get(path).data != data:
            changed += 1
            assert now.status_code == 200, f"{path} has changed, its tag has not"
            assert now.headers["ETag"] != tag
    assert changed >= 2, "the change was not seen anywhere"


def test_removing_a_tag_and_undoing_a_withdrawal_change_it_too(world: World) -> None:
    comment, visitor = world.comment(), world.enter("visitor")
    path, tags = f"/articles/{world.article_id}/comments", []
    member, writer = world.enter("member"), world.enter("writer")
    steps: list[Callable[[], Any]] = [
        lambda: member.put(f"/comments/{comment}/tag", {"stance": "skepticism"}),
        lambda: member.put(f"/comments/{comment}/tag", {"stance": "agreement"}),
        lambda: member.delete(f"/comments/{comment}/tag"),
        lambda: writer.delete(f"/comments/{comment}"),
        lambda: writer.delete(f"/comments/{comment}/withdrawal"),
    ]
    for step in steps:
        assert step().status_code in (200, 204)
        tags.append(visitor.get(path).headers["ETag"])
    assert len(set(tags)) == len(tags)


def test_nothing_new_changes_no_tag(world: World) -> None:
    comment, visitor = world.comment(), world.enter("visitor")
    world.enter("member").put(f"/comments/{comment}/tag", {"stance": "skepticism"})
    path = f"/articles/{world.article_id}/comments"
    tag = visitor.get(path).headers["ETag"]
    world.enter("member").put(f"/comments/{comment}/tag", {"stance": "skepticism"})
    world.enter("admin").delete(f"/comments/{comment}/tag")
    world.enter("writer").patch(f"/comments/{comment}", {"body_md": "A word.", "stance": None})
    world.enter("writer").patch("/me", {"display_name": "Writer"})
    assert visitor.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_another_question_has_another_tag(world: World) -> None:
    world.comment()
    visitor, member = world.enter("visitor"), world.enter("member")
    asked = ["", "?sort=newest", "?limit=1", "?replies=0", "?stance=agreement", "?by=author", "?answered=no"]
    tags = [visitor.get(f"/articles/{world.article_id}/comments{query}").headers["ETag"] for query in asked]
    tags += [caller.get(f"/articles/{world.article_id}/comments?by=me").headers["ETag"] for caller in (member, world.enter("writer"))]
    assert len(set(tags)) == len(tags)


def test_a_writers_own_view_of_a_withdrawn_comment_is_not_anybodys(world: World) -> None:
    path = f"/comments/{world.comment(withdrawn=True)}"
    own, other = world.enter("writer").get(path), world.enter("member").get(path)
    assert (own.json["body_md"], other.json["body_md"]) == ("A word.", None)
    assert own.headers["ETag"] != other.headers["ETag"]


@pytest.mark.parametrize(("header", "holds"), [("", True), ("*", True), ("3", True), ('"3"', True), ('"3-abc"', True), ('W/"3-abc"', True), ('"2", "3-x"', True),
                                               ("2", False), ('"33-a"', False), ('""', False), ("x", False), ('"x-3"', False), ("ÿ", False)])  # fmt: skip
def test_if_match_compares_the_version_alone(apps: Callable[[str], Flask], header: str, holds: bool) -> None:
    with apps("sqlite").test_request_context(headers={"If-Match": header.encode().decode("latin-1")} if header else {}):
        if holds:
            require_version(3)
            return
        with pytest.raises(Refusal) as caught:
            require_version(3)
        assert caught.value.kind is Kind.STALE_VERSION


def test_a_tag_depends_on_every_part(apps: Callable[[str], Flask]) -> None:
    tags = {
        entity_tag(1),
        entity_tag(2),
        entity_tag(1, "a"),
        entity_tag(1, "a", "b"),
        entity_tag(1, "ab"),
        entity_tag(1, None),
        entity_tag(1, ""),
    }
    assert len(tags) == 7
    with apps("sqlite").test_request_context(headers={"If-None-Match": f'"{entity_tag(1)}"'}):
        assert is_fresh(entity_tag(1))
        assert not is_fresh(entity_tag(2))
