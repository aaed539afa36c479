"""What the desk keeps of an author comes out in the export, and goes with the account; what was decided about other people's comments stays decided."""

from datetime import timedelta

import time_machine
from sqlalchemy import func, select

from forum.accounts.models import Account
from forum.clock import now
from forum.db.transaction import reading, writing
from forum.desk.models import AttentionEvent, ReplyTemplate
from forum.privacy import leaving
from tests.conftest import PASSWORD
from tests.desk.conftest import Room
from tests.desk.test_desk_attention import START

NOTE = "On a course until Monday."


def test_templates_and_the_note_are_exported_and_forgotten(room: Room) -> None:
    with time_machine.travel(START, tick=False) as clock:
        author = room.world.enter("author")
        comment_id = room.say(room.world.enter("writer"))
        author.put(f"/comments/{comment_id}/attention", {"attention": "no_reply"})
        author.post("/desk/templates", {"title": "Protocol", "body_md": "It is on the last page."})
        author.put("/me/away", {"note": NOTE, "until": (now() + timedelta(days=30)).isoformat()})
        export = author.get("/me/export").json
        assert export["account"]["away_note"] == NOTE
        held = export["elsewhere"]["desk"]
        assert [(row.get("title"), row.get("comment_id"), row.get("attention")) for row in held] == [
            ("Protocol", None, None),
            (None, comment_id, "no_reply"),
        ]
        assert author.post("/me/deletion", {"password": PASSWORD, "comments": "keep"}).status_code < 300
        page = room.world.enter("visitor").get(f"/articles/{room.article_id}").json
        assert NOTE in str(page["away"])
        clock.move_to(START + timedelta(days=7, hours=1))
        for piece in range(6):
            with writing() as session:
                leaving.leave(session, {"account_id": room.world.ids["author"], **({"begun": 1} if piece else {})})
        with reading() as session:
            account = session.get_one(Account, room.world.ids["author"])
            assert account.left_at is not None
            assert (account.away_note, account.away_until) == ("", None)
            assert session.scalar(select(func.count()).select_from(ReplyTemplate)) == 0
            assert session.scalar(select(func.count()).select_from(AttentionEvent)) == 1
        after = room.world.enter("visitor").get(f"/articles/{room.article_id}").json
        assert (after["away"], after["version"] > page["version"]) == ([], True)
