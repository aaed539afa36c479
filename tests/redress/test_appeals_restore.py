"""Overturning restores exactly: every restricting decision, compared row by row with what was there before it; and what a later decision did stays."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from forum.comments.models import Comment, Revision
from forum.comments.states import RevisionState
from forum.db.transaction import reading, writing
from forum.moderation.models import CommentRestriction, Decision, Report, ReviewItem
from tests.conftest import ApiClient
from tests.redress.court import REASONS, STATEMENT, Court, check_books, snapshot

pytestmark = pytest.mark.postgresql_slow

# What restricts a comment that stands, and what else it needs.
RESTRICTIONS: dict[str, dict[str, Any]] = {
    "remove": {},
    "screen_out": {},
    "redact": {"spans": [{"start": 6, "end": 11}]},
    "lock": {},
    "notice": {"notice": "Please ask a doctor first."},
}


def discussed(court: Court, *, stance: str = "skepticism") -> int:
    """Return a comment with an edit behind it, answers below it, and tags on it and on what it answers."""
    root = court.post("What was measured?", by="dora", stance="disagreement")
    comment_id = court.post("I saw Trial.", parent_id=root, stance=stance)
    assert court.by("anna").patch(f"/comments/{comment_id}", {"body_md": "I saw Trial in May."}).status_code == 200
    court.post("How was she?", by="dora", parent_id=comment_id)
    for name, tag in (("ben", "agreement"), ("dora", "skepticism"), ("marit", "encouragement")):
        assert court.by(name).put(f"/comments/{comment_id}/tag", {"stance": tag}).status_code == 200
    assert court.by("ben").put(f"/comments/{root}/tag", {"stance": "disagreement"}).status_code == 200
    return comment_id


def decisions_on(comment_id: int) -> list[Decision]:
    with reading() as session:
        found = list(session.scalars(select(Decision).where(Decision.comment_id == comment_id).order_by(Decision.id)))
        session.expunge_all()
        return found


def state_of(comment_id: int) -> str:
    with reading() as session:
        return session.get_one(Comment, comment_id).state


def no_restriction(comment_id: int) -> bool:
    with reading() as session:
        return session.get(CommentRestriction, comment_id) is None


@pytest.mark.parametrize("action", RESTRICTIONS)
def test_everything_is_as_it_was_before_the_decision(court: Court, action: str) -> None:
    comment_id = discussed(court)
    rows, listing = snapshot(comment_id), court.listing()
    decision_id = court.decide(comment_id, action, **RESTRICTIONS[action])
    assert snapshot(comment_id) != rows
    appeal = court.overturn(decision_id)
    assert (appeal["outcome"], appeal["same_person"]) == ("overturned", False)
    assert snapshot(comment_id) == rows
    assert court.listing() == listing
    assert no_restriction(comment_id)
    first, undoing = decisions_on(comment_id)
    assert (undoing.action, undoing.undoes_id, undoing.appeal_id) == ("undo", first.id, appeal["id"])
    assert first.undone_at is not None
    check_books()


@pytest.mark.parametrize("action", RESTRICTIONS)
def test_an_edited_text_of_long_ago_comes_back_as_edited(court: Court, action: str) -> None:
    comment_id = discussed(court)
    with writing() as session:
        # Half an hour later an edit is marked as one.
        comment = session.get_one(Comment, comment_id)
        comment.created_at -= timedelta(hours=1)
    assert court.by("anna").patch(f"/comments/{comment_id}", {"body_md": "I saw Trial in June."}).status_code == 200
    rows = snapshot(comment_id)
    assert rows["comments"][comment_id]["edited_at"] is not None
    court.overturn(court.decide(comment_id, action, **RESTRICTIONS[action]))
    after = snapshot(comment_id)
    seconds = abs((after["comments"][comment_id].pop("edited_at") - rows["comments"][comment_id].pop("edited_at")).total_seconds())
    assert seconds < 1
    assert after == rows


def test_a_removal_out_of_hiding_leads_back_to_everybody(court: Court) -> None:
    comment_id = discussed(court)
    rows = snapshot(comment_id)
    hidden = court.decide(comment_id, "screen_out")
    removed = court.decide(comment_id, "remove")
    court.overturn(removed)
    assert snapshot(comment_id) == rows
    # The first step has no effect any more; it can still be told that it was wrong.
    appeal = court.overturn(hidden)
    assert appeal["outcome"] == "overturned"
    assert "had no effect" in decisions_on(comment_id)[-1].statement
    assert snapshot(comment_id) == rows
    check_books()


def test_a_held_text_is_published_and_its_case_closed(court: Court) -> None:
    court.someone("modb")
    comment_id = court.post("You are an idiot, whoever wrote this.", stance="agreement")
    (held,) = decisions_on(comment_id)
    assert (held.action, held.moderator_id, state_of(comment_id)) == ("hold", None, "held")
    court.overturn(held.id)
    with reading() as session:
        comment = session.get_one(Comment, comment_id)
        assert (comment.state, comment.listed, comment.restriction_id) == ("visible", True, None)
        assert comment.published_at is not None
        assert [item.state for item in session.scalars(select(ReviewItem).where(ReviewItem.comment_id == comment_id))] == ["closed"]
    assert no_restriction(comment_id)
    check_books()


def test_a_rejected_text_is_published(court: Court) -> None:
    comment_id = court.post("You are an idiot, whoever wrote this.")
    court.overturn(court.decide(comment_id, "remove", reason="harassment"))
    assert state_of(comment_id) == "visible"
    check_books()


def test_what_readers_hid_comes_back_and_their_reports_are_declined(court: Court) -> None:
    comment_id = discussed(court)
    rows = snapshot(comment_id)
    reference = court.report(comment_id, reason="confidentiality")
    (hidden,) = decisions_on(comment_id)
    assert (hidden.rule, state_of(comment_id)) == ("report-threshold", "screened")
    court.overturn(hidden.id)
    after = snapshot(comment_id)
    assert after == rows
    receipt = court.by("ben").get(f"/reports/{reference}").json
    assert receipt["state"] == "declined"
    with reading() as session:
        assert [item.state for item in session.scalars(select(ReviewItem).where(ReviewItem.comment_id == comment_id))] == ["closed"]
    check_books()


def test_a_change_that_waits_is_published(court: Court) -> None:
    comment_id = discussed(court)
    assert court.by("anna").patch(f"/comments/{comment_id}", {"body_md": "You are an idiot, Trial said in May."}).status_code == 202
    (held,) = decisions_on(comment_id)
    rows = snapshot(comment_id)
    court.overturn(held.id)
    with reading() as session:
        comment = session.get_one(Comment, comment_id)
        assert comment.body_md == "You are an idiot, Trial said in May."
        assert (comment.body_html or "").startswith("<p>You are an idiot")
        assert [item.state for item in session.scalars(select(ReviewItem).where(ReviewItem.comment_id == comment_id))] == ["closed"]
    assert snapshot(comment_id)["tags"] == rows["tags"]
    check_books()


def test_a_declined_change_is_published_unless_something_newer_stands(court: Court) -> None:
    comment_id = discussed(court)
    rude = "You are an idiot, Trial said in May."
    assert court.by("anna").patch(f"/comments/{comment_id}", {"body_md": rude}).status_code == 202
    declined = court.decide(comment_id, "no_action", reason="within_rules")
    shown = court.by("anna").get(f"/decisions/{declined}").json
    assert shown["statement_of_reasons"]["restriction"] == "change_declined"
    court.overturn(declined)
    assert court.by("ben").get(f"/comments/{comment_id}").json["body_md"] == rude
    # Once more, and this time the writer has gone on.
    assert court.by("anna").patch(f"/comments/{comment_id}", {"body_md": f"{rude} Again."}).status_code == 202
    declined = court.decide(comment_id, "no_action", reason="within_rules")
    assert court.by("anna").patch(f"/comments/{comment_id}", {"body_md": "Something else."}).status_code == 200
    court.overturn(declined)
    assert court.by("ben").get(f"/comments/{comment_id}").json["body_md"] == "Something else."
    assert "send that change once more" in decisions_on(comment_id)[-1].statement


def test_a_change_that_was_turned_down_with_the_comment_waits_again(court: Court) -> None:
    comment_id = discussed(court)
    assert court.by("anna").patch(f"/comments/{comment_id}", {"body_md": "You are an idiot."}).status_code == 202
    rows = snapshot(comment_id)
    court.overturn(court.decide(comment_id, "remove"))
    assert snapshot(comment_id) == rows
    revisions = court.by("anna").get(f"/comments/{comment_id}/revisions").json["items"]
    assert [revision["state"] for revision in revisions] == ["accepted", "accepted", "held"]
    opened = court.by("moda").post(f"/mod/comments/{comment_id}/items")
    assert (opened.status_code, opened.json["item"]["waiting_edit"]) == (200, True)
    check_books()


def test_a_withdrawn_comment_stays_so_and_comes_back_without_review(court: Court) -> None:
    comment_id = discussed(court)
    rows = snapshot(comment_id)
    decision_id = court.decide(comment_id, "remove")
    assert court.by("anna").delete(f"/comments/{comment_id}").status_code == 204
    court.overturn(decision_id)
    assert state_of(comment_id) == "withdrawn"
    assert court.by("anna").delete(f"/comments/{comment_id}/withdrawal").json["state"] == "visible"
    assert snapshot(comment_id) == rows
    with reading() as session:
        assert session.scalar(select(ReviewItem.id).where(ReviewItem.comment_id == comment_id, ReviewItem.state == "open")) is None
    check_books()


def test_withdrawing_settles_no_other_case_on_the_side(court: Court) -> None:
    """A case that readers have opened is opened again with the comment, whatever was overturned meanwhile."""
    comment_id = discussed(court)
    locked = court.decide(comment_id, "lock")
    court.report(comment_id)
    assert court.by("anna").delete(f"/comments/{comment_id}").status_code == 204
    court.overturn(locked)
    assert court.by("anna").delete(f"/comments/{comment_id}/withdrawal").status_code == 200
    with reading() as session:
        assert session.scalar(select(ReviewItem.id).where(ReviewItem.comment_id == comment_id, ReviewItem.state == "open")) is not None
        assert session.scalars(select(Report.state)).all() == ["open"]


def test_of_an_erased_comment_only_the_decision_falls(court: Court) -> None:
    comment_id = discussed(court)
    decision_id = court.decide(comment_id, "remove")
    appeal_id = court.appeal(decision_id)
    with writing() as session:
        comment = session.get_one(Comment, comment_id)
        comment.state, comment.body_md, comment.body_html = "erased", None, None
    rows = snapshot(comment_id)
    assert court.judge(appeal_id, "overturn").status_code == 201
    assert snapshot(comment_id) == rows
    assert decisions_on(comment_id)[0].undone_at is not None


def test_a_later_decision_stays_in_force(court: Court) -> None:
    comment_id = court.post("My shop has it.")
    removed = court.decide(comment_id, "remove")
    assert court.by("anna").patch(f"/comments/{comment_id}", {"body_md": "What I found in my shop."}).status_code == 202
    again = court.decide(comment_id, "remove", by="modb")
    appeal = court.judge(court.appeal(removed), "overturn")
    assert appeal.status_code == 201, appeal.text
    assert state_of(comment_id) == "removed"
    with reading() as session:
        assert session.get_one(CommentRestriction, comment_id).decision_id == again
        assert session.get_one(Comment, comment_id).restriction_id == again
    assert "A later decision on the comment still holds" in decisions_on(comment_id)[-1].statement
    assert court.judge(court.appeal(again), "overturn", by="moda").status_code == 201
    assert state_of(comment_id) == "visible"
    check_books()


def test_two_notices_fall_one_after_the_other(court: Court) -> None:
    comment_id = court.post()
    first = court.decide(comment_id, "notice", notice="One.")
    second = court.decide(comment_id, "notice", notice="Two.")
    third = court.decide(comment_id, "notice", notice="Three.")
    court.overturn(second)
    assert court.by("ben").get(f"/comments/{comment_id}").json["notice"] == "Three."
    court.overturn(third)
    assert court.by("ben").get(f"/comments/{comment_id}").json["notice"] == "One."
    court.overturn(first)
    assert court.by("ben").get(f"/comments/{comment_id}").json["notice"] is None


def test_two_redactions_fall_in_either_order(court: Court) -> None:
    for order in ((0, 1), (1, 0)):
        comment_id = court.post("I saw Trial in May with Test.")
        rows = snapshot(comment_id)
        one = court.decide(comment_id, "redact", spans=[{"start": 6, "end": 11}])
        text = court.by("ben").get(f"/comments/{comment_id}").json["body_md"]
        start = text.index("Test")
        two = court.decide(comment_id, "redact", spans=[{"start": start, "end": start + 4}])
        for place in order:
            court.overturn((one, two)[place])
        assert snapshot(comment_id) == rows, order
        history = court.by("ben").get(f"/comments/{comment_id}/revisions").json["items"]
        assert [revision["body_md"] for revision in history] == ["I saw Trial in May with Test."]
    check_books()


def test_what_its_writer_wrote_since_the_redaction_stays(court: Court) -> None:
    comment_id = court.post("I saw Trial in May.")
    redacted = court.decide(comment_id, "redact", spans=[{"start": 6, "end": 11}])
    assert court.by("anna").patch(f"/comments/{comment_id}", {"body_md": "I saw somebody in May."}).status_code == 200
    court.overturn(redacted)
    shown = court.by("ben").get(f"/comments/{comment_id}").json
    assert shown["body_md"] == "I saw somebody in May."
    history = court.by("ben").get(f"/comments/{comment_id}/revisions").json["items"]
    assert [revision["body_md"] for revision in history] == ["I saw Trial in May.", "I saw somebody in May."]


def test_a_destroyed_original_cannot_come_back_and_the_statement_says_so(court: Court) -> None:
    comment_id = court.post("I saw Trial in May.")
    redacted = court.decide(comment_id, "redact", spans=[{"start": 6, "end": 11}])
    with writing() as session:
        kept = update(Revision).where(Revision.comment_id == comment_id, Revision.state == RevisionState.REDACTED.value)
        session.execute(kept.values(body_md=""))
    text = court.by("ben").get(f"/comments/{comment_id}").json["body_md"]
    court.overturn(redacted)
    assert court.by("ben").get(f"/comments/{comment_id}").json["body_md"] == text
    assert "had been destroyed" in decisions_on(comment_id)[-1].statement


def test_reports_that_were_upheld_are_declined(court: Court) -> None:
    comment_id = court.post()
    references = [court.report(comment_id, by=name) for name in ("ben", "dora")]
    decision_id = court.decide(comment_id, "remove")
    assert {court.by("ben").get(f"/reports/{reference}").json["state"] for reference in references} == {"upheld"}
    court.overturn(decision_id)
    for reference in references:
        receipt = court.by("ben").get(f"/reports/{reference}").json
        assert (receipt["state"], receipt["appeal_until"] is not None) == ("declined", True)


def test_a_batch_that_was_undone_meanwhile_leaves_nothing_to_take_back(court: Court) -> None:
    comment_id = court.post()
    item = court.by("moda").post(f"/mod/comments/{comment_id}/items").json["item"]
    order = {"action": "remove", "reason": "promotion", "statement": STATEMENT, "items": [{"id": item["id"], "version": item["version"]}]}
    batch = court.by("moda").post("/mod/batches", order).json
    (decision,) = decisions_on(comment_id)
    appeal_id = court.appeal(decision.id)
    assert court.by("moda").delete(f"/mod/batches/{batch['id']}").status_code == 200
    refused = court.judge(appeal_id, "uphold")
    assert (refused.status_code, refused.json["draft"]["reasons"]) == (409, REASONS)
    assert court.judge(appeal_id, "overturn").status_code == 201
    assert state_of(comment_id) == "visible"
    assert len(decisions_on(comment_id)) == 2


def test_a_visitor_reads_the_text_again(court: Court, visitor: ApiClient) -> None:
    comment_id = court.post("The marker-text.")
    court.overturn(court.decide(comment_id, "remove"))
    assert visitor.get(f"/comments/{comment_id}").json["body_md"] == "The marker-text."
