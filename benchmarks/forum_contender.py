"""This service as a contender: ``forum serve`` with an SQLite file, filled and read through its JSON API by people with personal tokens."""

import json
import os
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.contender import REPLIES, ROOTS
from benchmarks.discussion import WRITERS, Comment
from benchmarks.load import Connection, Errand, Request
from benchmarks.process import free_port, run_command, serving

API = "/api/v1"
JSON = {"Content-Type": "application/json"}
PASSWORD = "a password for measuring alone"
LONGEST_PAGE = 50


class ForumContender:
    """``forum serve`` from this checkout."""

    name = "forum"
    durability = "write-ahead log, flushed before the 201: one sync a comment besides the log's checkpoints"

    def __init__(self) -> None:
        self.version = version("forum")
        self.port = free_port()
        self.setting = ""
        self._article = 0
        self._tokens: list[str] = []
        self._numbers: dict[int, int] = {}
        self._ids: dict[int, int] = {}

    @contextmanager
    def open(self, folder: Path, *, workers: int) -> Iterator[None]:
        """Serve from an empty ``folder``, without rate limits."""
        self.setting = f"`forum serve --workers {workers}` (gunicorn gthread, 8 threads each), SQLite, rate limits off, a lock waited for up to 30 s, a JSON log line a request"
        forum = str(Path(sys.executable).parent / "forum")
        others = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")}
        env = others | {
            "FORUM_DATA_DIR": str(folder / "data"),
            "FORUM_RATE_LIMITS": "off",
            "FORUM_BASE_URL": f"http://127.0.0.1:{self.port}",
        }
        run_command([forum, "init"], env=env, log=folder / "set-up.log")
        account = [forum, "account", "create", "publisher", "--email", "publisher@example.org", "--role", "admin", "--password-stdin"]
        run_command(account, env=env, log=folder / "set-up.log", typed=PASSWORD + "\n")
        command = [forum, "serve", "--port", str(self.port), "--workers", str(workers), "--threads", "8"]
        with serving(command, env=env, log=folder / "server.log", port=self.port, ready_path="/health/ready"):
            yield

    def fill(self, discussion: Sequence[Comment]) -> None:
        """Post the discussion as twelve people on a new article, and look up the cursors that walk it."""
        connection = Connection(self.port)
        publisher = self._sign_in(connection, "publisher")
        made = self._ask(
            connection, Request(f"{API}/articles", "POST", json.dumps({"title": "What is measured"}), _headers(publisher), 201)
        )
        self._article = made["id"]
        self._trust_newcomers(connection, publisher)
        for number in range(WRITERS):
            handle = f"writer{number}"
            account = {"handle": handle, "email": f"{handle}@example.org", "password": PASSWORD}
            self._ask(connection, Request(f"{API}/accounts", "POST", json.dumps(account), JSON, 201))
            self._tokens.append(self._sign_in(connection, handle))
        for comment in discussion:
            posted = self._ask(connection, self._posting(comment))
            self._ids[comment.number], self._numbers[posted["id"]] = posted["id"], comment.number
        connection.close()

    def first_page(self) -> Errand:
        """Return the request for the first 20 roots with the first 10 replies of each."""
        return [Request(self._page(limit=ROOTS, replies=REPLIES))]

    def whole_thread(self) -> Errand:
        """Return the walk over every page of roots and, where a thread is longer than a page shows, over the rest of its replies.

        The addresses are looked up beforehand, as the discussion does not change while it is read; a reader would take them from each answer.
        """
        connection = Connection(self.port)
        found: list[Request] = []
        cursor: str | None = ""
        while cursor is not None:
            found.append(Request(self._page(limit=LONGEST_PAGE, replies=LONGEST_PAGE, cursor=cursor)))
            page = self._ask(connection, found[-1])
            for item in page["items"]:
                after = item["more_replies"] and item["more_replies"]["after"]
                while after:
                    found.append(Request(f"{API}/comments/{item['id']}/replies?after={after}&limit={LONGEST_PAGE}"))
                    after = self._ask(connection, found[-1])["next"]
            cursor = page["next"]
        connection.close()
        return found

    def post(self, comments: Collection[Comment]) -> Sequence[Errand]:
        """Return, for each comment, the request that posts it with its writer's token."""
        return [[self._posting(comment)] for comment in comments]

    def shown(self, errand: Errand) -> Iterator[int]:
        """Send the errand's requests and yield the numbers of the comments in the answers."""
        connection = Connection(self.port)
        for request in errand:
            for item in self._ask(connection, request)["items"]:
                yield self._numbers[item["id"]]
                yield from (self._numbers[reply["id"]] for reply in item.get("replies", ()))
        connection.close()

    def _trust_newcomers(self, connection: Connection, token: str) -> None:
        """Let the twelve new accounts link as if they had been here for long: screening looks at every text, and holds none for its writer's youth."""
        rules = json.loads(connection.send(Request(f"{API}/mod/rules", headers=_headers(token)))[0])["rules"]
        rules |= {"new_account_days": 0, "new_account_comments": 0, "many_links": 100}
        tried = self._ask(connection, Request(f"{API}/mod/rules/preview", "POST", json.dumps(rules), _headers(token)))
        saved = {"rules": rules, "preview": tried["preview"]}
        self._ask(connection, Request(f"{API}/mod/rules", "PUT", json.dumps(saved), _headers(token)))

    def _page(self, *, limit: int, replies: int, cursor: str = "") -> str:
        return f"{API}/articles/{self._article}/comments?limit={limit}&replies={replies}" + (f"&cursor={cursor}" if cursor else "")

    def _posting(self, comment: Comment) -> Request:
        body = {"body_md": comment.text, "parent_id": self._ids[comment.parent] if comment.parent else None}
        return Request(f"{API}/articles/{self._article}/comments", "POST", json.dumps(body), _headers(self._tokens[comment.writer]), 201)

    def _sign_in(self, connection: Connection, handle: str) -> str:
        body, headers = connection.send(Request(f"{API}/session", "POST", json.dumps({"login": handle, "password": PASSWORD}), JSON))
        signed_in = JSON | {"Cookie": headers["set-cookie"].partition(";")[0], "X-CSRF-Token": json.loads(body)["csrf_token"]}
        wanted = {"name": "benchmark", "scopes": ["read", "comment", "moderate", "admin"]}
        token: str = self._ask(connection, Request(f"{API}/me/tokens", "POST", json.dumps(wanted), signed_in, 201))["token"]
        return token

    def _ask(self, connection: Connection, request: Request) -> Any:
        return json.loads(connection.send(request)[0])


def _headers(token: str) -> dict[str, str]:
    return JSON | {"Authorization": f"Bearer {token}"}
