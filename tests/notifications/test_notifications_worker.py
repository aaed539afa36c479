"""A real ``forum worker`` that is killed among the mails it sends: whoever starts it again sends the rest, and nobody gets two."""

import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from forum.clock import now
from forum.db.transaction import reading, writing
from forum.mail.models import OutgoingMail
from forum.notifications.models import Follow, Subscriber, Target
from tests.conftest import SECRET
from tests.mail.postbox import Postbox, serving
from tests.notifications.conftest import DAY, START, Scene

pytestmark = pytest.mark.postgresql_slow

FORUM = str(Path(sys.executable).parent / "forum")
FOLLOWERS = [f"follower{number}@example.org" for number in range(6)]


@dataclass
class KillingPostbox(Postbox):
    """A mail server that kills who calls it before it has said yes to the third mail, and tells when it has got all that it waits for."""

    caller: list[int] = field(default_factory=list)
    known: threading.Event = field(default_factory=threading.Event)
    is_full: threading.Event = field(default_factory=threading.Event)
    offered: int = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        """Accept a recipient; the third is the last thing that its sender says."""
        self.offered += 1
        if self.offered == 3:
            assert self.known.wait(60)
            os.kill(self.caller.pop(), signal.SIGKILL)
            return "451 you are gone"
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Accept a mail."""
        answer = await super().handle_DATA(server, session, envelope)
        if len(self.letters) == len(FOLLOWERS):
            self.is_full.set()
        return answer


def start_worker(scene: Scene, port: int) -> subprocess.Popen[bytes]:
    settings = scene.app.extensions["forum_settings"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")}
    chosen = {
        "DATA_DIR": settings.data_dir,
        "DATABASE_URL": settings.database_url,
        "SECRET_KEY": SECRET,
        "MAIL_URL": f"smtp://127.0.0.1:{port}",
    }
    environment = kept | {f"FORUM_{name}": value for name, value in chosen.items()}
    return subprocess.Popen([FORUM, "worker"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def add_followers(scene: Scene) -> None:
    with writing() as session:
        session.execute(insert(Subscriber), [{"email": email, "follows": "at_once", "created_at": now()} for email in FOLLOWERS])
        ids = session.scalars(select(Subscriber.id).where(Subscriber.email.in_(FOLLOWERS))).all()
        what = {"kind": Target.ARTICLE.value, "target_id": scene.article_id, "created_at": now()}
        session.execute(insert(Follow), [{"subscriber_id": each, **what} for each in ids])


def test_a_worker_that_is_killed_among_its_mails_and_started_again_sends_each_once(scene: Scene) -> None:
    add_followers(scene)
    scene.set("author", desk="none")
    scene.post("writer", "A comment that six people are told of.")
    box = KillingPostbox()
    with serving(box) as port:
        first = start_worker(scene, port)
        box.caller.append(first.pid)
        box.known.set()
        try:
            assert first.wait(60) == -signal.SIGKILL
        finally:
            first.kill()
        assert len(box.letters) == 2
        with writing() as session:
            # The five minutes are over for which whoever was killed might have been sending it still.
            held = update(OutgoingMail).where(OutgoingMail.claimed_until.is_not(None)).values(claimed_until=START)
            assert len(session.scalars(held.returning(OutgoingMail.id)).all()) == 1
        second = start_worker(scene, port)
        try:
            assert box.is_full.wait(60)
            second.terminate()
            second.wait(60)
        finally:
            second.kill()
    assert sorted(str(letter["To"]) for letter in box.letters) == FOLLOWERS
    with reading() as session:
        assert session.scalars(select(OutgoingMail.id).where(OutgoingMail.sent_at.is_(None))).all() == []
    # Nothing is left for whoever comes later, with whatever clock.
    scene.pass_time(2 * DAY)
    scene.pass_time(400 * DAY)
    assert scene.letters() == []
