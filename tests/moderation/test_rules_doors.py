"""A site's screening rules over the JSON API: shipped ones first, then what an admin previewed and saved; never anything else."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import time_machine
from flask import Flask
from sqlalchemy import insert, select

from forum.access.viewer import DEFAULT_SITE_ID, Role
from forum.accounts.actions import set_role
from forum.accounts.models import Account
from forum.articles.models import Site
from forum.clock import now
from forum.comments.models import Comment
from forum.db.transaction import reading, writing
from forum.moderation.log import verify
from forum.moderation.models import LogEntry, RuleSet
from forum.moderation.rule_previews import LASTS
from forum.moderation.screening.rules import Rules, default_rules
from forum.moderation.tryout import LOOKED_AT, NOT_REPLAYED, SHOWN
from forum.web.context import SETTINGS
from tests.comments.measure import statements_of
from tests.conftest import ApiClient, Person, Reply
from tests.restricting import state_plainly

pytestmark = pytest.mark.postgresql_slow

MOST_STATEMENTS = 11
PLAIN: dict[str, Any] = msgspec.to_builtins(Rules(hold_first="0", trusted_domains=("doi.org",), new_account_days=0, new_account_comments=0))


@pytest.fixture
def admin(person: Callable[..., Person]) -> ApiClient:
    """An admin of the site."""
    return person("root", Role.ADMIN).client


def changed(**fields: Any) -> dict[str, Any]:
    """Return plain rules with some fields changed."""
    return PLAIN | fields


def save(client: ApiClient, rules: dict[str, Any]) -> Reply:
    """Preview and save rules."""
    answer = client.post("/mod/rules/preview", rules)
    assert answer.status_code == 200, answer.text
    return client.put("/mod/rules", {"rules": rules, "preview": answer.json["preview"]})


def test_a_new_site_has_the_shipped_rules(admin: ApiClient) -> None:
    shown = admin.get("/mod/rules").json
    assert (shown["number"], shown["changed_at"], shown["changed_by"], shown["hold_first_default"]) == (0, None, None, "0")
    assert msgspec.convert(shown["rules"], Rules) == default_rules()
    assert admin.get("/mod/rules/history").json == {"items": [], "next": None}


def test_what_is_saved_is_read_back_and_holds_at_once(admin: ApiClient, person: Callable[..., Person], article: Callable[..., int]) -> None:
    anna, path = person("anna").client, f"/articles/{article()}/comments"
    text = {"body_md": "Have you heard of the wobblestick?"}
    assert anna.post(path, text).status_code == 201
    saved = save(admin, changed(banned=["promotion: wobblestick*"]))
    assert saved.status_code == 200, saved.text
    assert (saved.json["number"], saved.json["changed_by"]) == (1, "root")
    assert saved.json["rules"]["banned"] == ["promotion: wobblestick*"]
    assert admin.get("/mod/rules").json == saved.json
    held = anna.post(path, {"body_md": "Really, w0bblesticks are the thing to have."})
    assert (held.status_code, held.json["state"]) == (202, "held"), held.text
    assert save(admin, changed()).json["number"] == 2
    assert anna.post(path, {"body_md": "May I say wobblestick now?"}).status_code == 201


def test_earlier_rules_can_be_read_again(admin: ApiClient) -> None:
    save(admin, changed(max_links=3))
    save(admin, changed(max_links=4))
    assert [admin.get(f"/mod/rules?number={number}").json["rules"]["max_links"] for number in (0, 1, 2)] == [20, 3, 4]
    assert admin.get("/mod/rules?number=3").status_code == 404
    first = admin.get("/mod/rules/history?limit=1").json
    second = admin.get(f"/mod/rules/history?limit=1&cursor={first['next']}").json
    assert [(row["number"], row["changed_by"]) for row in (*first["items"], *second["items"])] == [(2, "root"), (1, "root")]
    assert second["next"] is None


def test_a_preview_counts_what_would_have_changed(admin: ApiClient, person: Callable[..., Person], article: Callable[..., int]) -> None:
    save(admin, changed(suspect=["flibbert"], banned=["gazonk"]))
    anna, ben, article_id = person("anna"), person("ben"), article()
    for client, text in [
        (anna.client, "A flibbert, I say."),
        (ben.client, "An ordinary word."),
        (ben.client, "A zizzle and a flibbert."),
        (anna.client, "The gazonk of it all."),
        (anna.client, "Nothing to see."),
    ]:
        assert client.post(f"/articles/{article_id}/comments", {"body_md": text}).status_code in (201, 202)
    seen = admin.post("/mod/rules/preview", changed(suspect=[], banned=["threat_selfharm: zizzle"])).json
    counts = {(row["before"], row["after"]): row["count"] for row in seen["counts"]}
    assert (seen["number"], seen["looked_at"], seen["changed"]) == (1, 5, 3)
    assert counts == {("report", "pass"): 1, ("report", "hold"): 1, ("hold", "pass"): 1}
    assert seen["not_replayed"] == list(NOT_REPLAYED) == ["sanctions", "duplicate", "confidentiality", "history", "heat"]
    newest, middle, oldest = seen["comments"]
    assert (newest["author"]["handle"], newest["excerpt"], newest["finding"]["code"]) == ("anna", "The gazonk of it all.", "banned-words")
    assert (middle["before"], middle["after"], middle["finding"]["reason"]) == ("report", "hold", "threat_selfharm")
    assert (oldest["before"], oldest["after"], oldest["finding"]["matches"]) == ("report", "pass", ["flibbert"])
    assert admin.get("/mod/rules").json["rules"]["suspect"] == ["flibbert"], "a preview changes nothing"


def test_the_rules_that_hold_change_nothing(admin: ApiClient, person: Callable[..., Person], article: Callable[..., int]) -> None:
    person("anna").client.post(f"/articles/{article()}/comments", {"body_md": "A word."})
    seen = admin.post("/mod/rules/preview", admin.get("/mod/rules").json["rules"]).json
    assert (seen["looked_at"], seen["changed"], seen["comments"]) == (1, 0, [])


def test_first_comments_are_counted_as_they_were_then(admin: ApiClient, person: Callable[..., Person], article: Callable[..., int]) -> None:
    anna, ben, moda = person("anna"), person("ben"), person("moda", Role.MODERATOR)
    article_id = article(authors=(ben.id,))
    save(admin, changed())
    with time_machine.travel(now(), tick=False) as clock:
        for client in (anna.client, anna.client, anna.client, ben.client, moda.client):
            clock.shift(60)
            assert client.post(f"/articles/{article_id}/comments", {"body_md": "A word."}).status_code == 201
    with writing() as session:
        # As if the first had been held, and approved after the second was written.
        first = session.scalars(select(Comment).order_by(Comment.id)).first()
        assert first is not None
        second = session.get_one(Comment, first.id + 1)
        assert second.published_at is not None
        first.published_at = second.published_at.replace(microsecond=999_999)
    for hold_first, expected in (("0", 0), ("1", 2), ("2", 2), ("3", 3), ("all", 3)):
        seen = admin.post("/mod/rules/preview", changed(hold_first=hold_first)).json
        # Moderators pass, and so does the author of the article.
        assert [row["author"]["handle"] for row in seen["comments"]] == ["anna"] * expected, hold_first


def test_saying_nothing_of_first_comments_means_the_servers_setting(
    app: Flask, admin: ApiClient, person: Callable[..., Person], article: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    save(admin, changed(hold_first="0"))
    person("anna").client.post(f"/articles/{article()}/comments", {"body_md": "A first word."})
    assert admin.post("/mod/rules/preview", changed(hold_first="")).json["changed"] == 0
    monkeypatch.setitem(app.extensions, SETTINGS, msgspec.structs.replace(app.extensions[SETTINGS], hold_first_comments="1"))
    assert admin.post("/mod/rules/preview", changed(hold_first="")).json["changed"] == 1
    assert admin.get("/mod/rules").json["hold_first_default"] == "1"


def test_a_preview_of_many_comments_costs_few_statements(
    app: Flask, admin: ApiClient, person: Callable[..., Person], article: Callable[..., int]
) -> None:
    writers, article_id = [person(name).id for name in ("anna", "ben", "cleo")], article()
    save(admin, changed())
    few = count_statements(app, admin)
    with writing() as session:
        session.execute(insert(Comment), [bulk(number, article_id, writers) for number in range(1, 1201)])
    assert count_statements(app, admin) <= max(few, MOST_STATEMENTS)
    seen = admin.post("/mod/rules/preview", changed(banned=["every seventh"])).json
    assert (seen["looked_at"], seen["changed"], len(seen["comments"])) == (LOOKED_AT, sum(n % 7 == 0 for n in range(201, 1201)), SHOWN)
    assert seen["comments"][0]["comment_id"] == 1197
    assert {(row["before"], row["after"]) for row in seen["counts"]} == {("pass", "hold")}
    # Of one writer 66 comments are older than the sample, of the others 67.
    seen = admin.post("/mod/rules/preview", changed(hold_first="68")).json
    assert (seen["changed"], seen["comments"][-1]["comment_id"]) == (4, 201)


def count_statements(app: Flask, admin: ApiClient) -> int:
    """Return how many statements a preview takes."""
    with statements_of(app) as statements:
        assert admin.post("/mod/rules/preview", changed(banned=["every seventh"])).status_code == 200
    return len(statements)


def bulk(number: int, article_id: int, writers: list[int]) -> dict[str, Any]:
    """Return the row of a comment."""
    text = f"This is number {number}" + (", as is every seventh." if number % 7 == 0 else ".")
    moment = now()
    return {
        "id": number,
        "site_id": DEFAULT_SITE_ID,
        "article_id": article_id,
        "root_id": number,
        "depth": 0,
        "author_id": writers[number % 3],
        "state": "visible",
        "body_md": text,
        "body_html": f"<p>{text}</p>",
        "renderer": 1,
        "created_at": moment,
        "listed": True,
        "published_at": moment,
        "activity_at": moment,
    }


def test_what_is_erased_or_has_no_source_is_not_looked_at(
    admin: ApiClient, person: Callable[..., Person], article: Callable[..., int]
) -> None:
    path = f"/articles/{article()}/comments"
    ids = [person(name).client.post(path, {"body_md": f"A word of {name}."}).json["id"] for name in ("anna", "ben", "cleo", "dora")]
    with writing() as session:
        erased, imported, removed = (session.get_one(Comment, comment_id) for comment_id in ids[:3])
        erased.state, imported.body_md, removed.state = "erased", None, "removed"
        state_plainly(session, removed.id, removed.author_id)
    seen = admin.post("/mod/rules/preview", changed(banned=["word"])).json
    assert (seen["looked_at"], [row["comment_id"] for row in seen["comments"]]) == (2, [ids[3], ids[2]])


def refused(answer: Reply) -> tuple[int, str, str]:
    """Return an answer's status, and where and why it refuses."""
    [fault] = answer.json["errors"]
    return answer.status_code, fault["pointer"], fault["code"]


def test_only_what_was_previewed_is_saved(admin: ApiClient) -> None:
    rules = changed(max_links=7)
    token = admin.post("/mod/rules/preview", rules).json["preview"]
    assert refused(admin.put("/mod/rules", {"rules": rules})) == (422, "/preview", "required")
    assert refused(admin.put("/mod/rules", {"rules": rules, "preview": token[:-1]})) == (422, "/preview", "unknown-preview")
    assert refused(admin.put("/mod/rules", {"rules": rules, "preview": "ä"})) == (422, "/preview", "unknown-preview")
    assert refused(admin.put("/mod/rules", {"rules": changed(max_links=8), "preview": token})) == (422, "/preview", "other-rules")
    assert admin.get("/mod/rules").json["number"] == 0
    assert admin.put("/mod/rules", {"rules": rules, "preview": token}).status_code == 200


def test_a_preview_lasts_an_hour(admin: ApiClient) -> None:
    rules = changed(max_links=7)
    with time_machine.travel(now(), tick=False) as clock:
        token = admin.post("/mod/rules/preview", rules).json["preview"]
        clock.shift(LASTS)
        assert refused(admin.put("/mod/rules", {"rules": rules, "preview": token})) == (422, "/preview", "expired")
        clock.shift(-1)
        assert admin.put("/mod/rules", {"rules": rules, "preview": token}).status_code == 200


def test_nobody_saves_over_somebody_elses_change(admin: ApiClient, person: Callable[..., Person]) -> None:
    other = person("other", Role.ADMIN).client
    mine, theirs = changed(max_links=7), changed(max_links=8)
    token = admin.post("/mod/rules/preview", mine).json["preview"]
    assert save(other, theirs).status_code == 200
    late = admin.put("/mod/rules", {"rules": mine, "preview": token})
    assert (late.status_code, late.json["type"]) == (409, "/problems/conflict"), late.text
    assert admin.get("/mod/rules").json["rules"]["max_links"] == 8
    assert save(admin, mine).json["number"] == 2


def test_bad_entries_are_named_by_place(admin: ApiClient) -> None:
    bad = admin.post("/mod/rules/preview", changed(banned=["fine", "(half"], blocked_domains=["http://x.example/y", "fine.example"]))
    assert bad.status_code == 422
    assert [fault["pointer"] for fault in bad.json["errors"]] == ["/banned/1", "/blocked_domains/0"]
    assert "Line 2" in bad.json["errors"][0]["detail"]
    assert admin.post("/mod/rules/preview", changed(max_links=101)).json["errors"][0]["pointer"] == "/max_links"
    assert admin.post("/mod/rules/preview", changed(hold_first="some")).status_code == 422
    partial = admin.post("/mod/rules/preview", {"max_links": 3})
    assert (partial.status_code, partial.json["errors"][0]["code"]) == (422, "required"), "nothing is emptied by being left out"


def test_admins_change_and_moderators_read(app: Flask, person: Callable[..., Person], visitor: ApiClient) -> None:
    anna, moda = person("anna").client, person("moda", Role.MODERATOR).client
    for client, reads in ((visitor, 401), (anna, 403), (moda, 200)):
        assert [client.get(path).status_code for path in ("/mod/rules", "/mod/rules/history")] == [reads, reads]
    for client, answer in ((visitor, 401), (anna, 403), (moda, 403)):
        assert client.post("/mod/rules/preview", changed()).status_code == answer
        assert client.put("/mod/rules", {"rules": changed(), "preview": "x"}).status_code == answer


def test_another_sites_moderator_is_nobody_here(person: Callable[..., Person]) -> None:
    stranger = person("stranger")
    with writing() as session:
        session.add(Site(id=2, slug="other", created_at=now()))
        session.flush()
        set_role(session, session.get_one(Account, stranger.id), site_id=2, role=Role.ADMIN)
    for method, path in (("GET", "/mod/rules"), ("GET", "/mod/rules/history"), ("POST", "/mod/rules/preview"), ("PUT", "/mod/rules")):
        body = {"rules": changed(), "preview": "x"} if method == "PUT" else changed() if method == "POST" else None
        assert stranger.client.request(method, path, body).status_code == 403, path


def test_a_change_is_in_the_public_log_without_what_it_says(admin: ApiClient, visitor: ApiClient) -> None:
    save(admin, changed(banned=["wobblestick"]))
    [row] = visitor.get("/modlog").json["items"]
    assert (row["event"], row["by"]) == ("rules", "admin")
    [inner] = admin.get("/mod/log").json["items"]
    assert (inner["actor"]["handle"], inner["detail"]) == ("root", {"number": 1})
    with reading() as session:
        assert "wobblestick" not in str(session.scalars(select(LogEntry.detail)).all())
        assert verify(session, DEFAULT_SITE_ID).faults == ()
        assert session.scalars(select(RuleSet.number)).all() == [1]


def test_a_repeated_preview_is_done_again_and_keeps_no_text(
    app: Flask, admin: ApiClient, person: Callable[..., Person], article: Callable[..., int]
) -> None:
    person("anna").client.post(f"/articles/{article()}/comments", {"body_md": "A word that stays here."})
    answers = [admin.post("/mod/rules/preview", changed(banned=["word"]), headers={"Idempotency-Key": "once"}) for _ in range(2)]
    assert [answer.json["changed"] for answer in answers] == [1, 1]
    assert answers[1].headers["Idempotency-Replayed"] == "true"
