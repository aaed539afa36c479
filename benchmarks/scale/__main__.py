"""``python -m benchmarks.scale``: seed, serve ours, the bare application and Isso side by side, measure in turns, write RESULTS.md."""

import argparse
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from benchmarks.discussion import write_discussion, write_more
from benchmarks.isso_contender import IssoContender, install
from benchmarks.load import WrongAnswerError
from benchmarks.process import StartError, free_port, serving
from benchmarks.scale.bare import PAGES, TAG, address_of
from benchmarks.scale.measure import (
    Figure,
    Plan,
    Value,
    check_unchanged,
    children_of,
    cost_of_cold_page,
    fetch,
    memory_megabytes,
    take_turns,
    write_lines,
)
from benchmarks.scale.report import write_results
from benchmarks.scale.seed import SIZES, Seeded, cookie_of_reader, seed
from benchmarks.scale.wrk import Ask, drive

HERE = Path(__file__).parent.parent
FOLDER = HERE / "var" / "scale"
WORKERS, THREADS = 2, 8
ORDERS = ("oldest", "newest", "active", "most_tagged", "most_valued", "most_contested", "unanswered")
STANCES = ("agreement", "disagreement", "skepticism", "encouragement")
PARTS = ("reads", "polling", "cold", "counts", "writes", "memory")
# As often as static/forum.js asks at first.
POLL_SECONDS = 15
# More than any of them takes in a second.
MOST_WRITES = 6_000
QUICK = Plan(rounds=1, seconds=1, cold=5, requests=2_000)
Say = Callable[[str], None]


class Bench:
    """The three servers and what has been measured of them."""

    def __init__(self, seeded: Seeded, plan: Plan, folder: Path) -> None:
        self.seeded, self.plan, self.folder = seeded, plan, folder
        self.ours, self.bare = free_port(), free_port()
        self.isso = IssoContender(HERE / "var" / ".isso")
        self.figures: list[Figure] = []
        self.values: list[Value] = []
        self.pids: list[int] = []

    @contextmanager
    def serve(self) -> Iterator[None]:
        """Start ours, and measure how long that takes and what memory it has at rest; then the others."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")}
        ours = environment | {
            "FORUM_DATA_DIR": str(self.folder),
            "FORUM_SECRET_KEY": "a secret for measuring alone, long enough",
            "FORUM_RATE_LIMITS": "off",
            "FORUM_BASE_URL": f"http://127.0.0.1:{self.ours}",
        }
        forum = str(Path(sys.executable).parent / "forum")
        own = FOLDER / "bare"
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir(parents=True)
        bare = [sys.executable, "-m", "benchmarks.scale.bare", str(self.bare), str(own), str(WORKERS), str(THREADS)]
        command = [forum, "serve", "--port", str(self.ours), "--workers", str(WORKERS), "--threads", str(THREADS)]
        with ExitStack() as running:
            begun = time.monotonic()
            running.enter_context(serving(command, env=ours, log=FOLDER / "ours.log", port=self.ours, ready_path="/health/ready"))
            self.values.append(Value("start-up, to the first answer of /health/ready", time.monotonic() - begun, "s"))
            master = int(
                subprocess.run(["pgrep", "-f", f"serve --port {self.ours}"], capture_output=True, text=True, check=True).stdout.split()[0]
            )
            self.pids = children_of(master)
            time.sleep(3)
            self._note_memory("at rest", 120)
            running.enter_context(serving(bare, env=environment, log=FOLDER / "bare.log", port=self.bare, ready_path="/ready/1"))
            folder = FOLDER / "isso"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            running.enter_context(self.isso.open(folder, workers=WORKERS))
            self.isso.fill(write_discussion(1000))
            yield

    def pages(self, size: int) -> tuple[str, str]:
        """Return the addresses of an article's first page, as JSON and as HTML."""
        article_id, page = self.seeded.articles[str(size)]
        return f"/api/v1/articles/{article_id}/comments?limit=20&replies=10", page

    def pair(self, name: str, connections: int, ours: Ask, theirs: Ask, *, least: float | None, other: str = "bare") -> None:
        """Measure one pair of reads and keep the figure."""
        self.turns(Figure(name, connections, other, least), lambda: ours, lambda: theirs)

    def turns(self, figure: Figure, ours: Callable[[], Ask], theirs: Callable[[], Ask]) -> None:
        """Measure one pair and keep the figure."""
        name, connections = figure.name, figure.connections
        take_turns(figure, ours, theirs, self.plan)
        self.figures.append(figure)
        _say(f"{name}, {connections}: {sorted(figure.ratios)[len(figure.ratios) // 2]:.2f}")

    def measure_reads(self) -> None:
        """Warm first pages, 304, signed in, and against Isso."""
        cookie = cookie_of_reader(self.folder)
        for connections in (1, 16):
            for size in (100, 1_000, 100_000):
                for kind, path in zip(("JSON", "HTML"), self.pages(size), strict=True):
                    fetch(self.ours, path)
                    body, tag = fetch(self.ours, path)
                    ready = Ask(self.bare, f"/ready/{len(body)}")
                    name = f"{kind}, first page of {size:,} comments"
                    self.pair(f"{name}, warm", connections, Ask(self.ours, path), ready, least=1.0 if size > 100 else None)
                    if size > 100:
                        known = {"If-None-Match": tag}
                        check_unchanged(self.ours, path, known)
                        unchanged = Ask(self.bare, ready.path, {"If-None-Match": TAG})
                        self.pair(f"{name}, 304", connections, Ask(self.ours, path, known), unchanged, least=1.0)
            path = self.pages(1_000)[1]
            body, _tag = fetch(self.ours, path, {"Cookie": cookie})
            signed_in = Ask(self.ours, path, {"Cookie": cookie})
            self.pair("HTML of 1,000 comments, signed in", connections, signed_in, Ask(self.bare, f"/ready/{len(body)}"), least=0.25)
            json_path = self.pages(1_000)[0]
            for what, errand, least in (
                ("its whole thread", self.isso.whole_thread(), 500.0),
                ("its first page", self.isso.first_page(), None),
            ):
                isso = Ask(self.isso.port, errand[0].path)
                self.pair(
                    f"JSON, first page of 1,000 comments, Isso: {what}",
                    connections,
                    Ask(self.ours, json_path),
                    isso,
                    least=least,
                    other="Isso",
                )

    def measure_polling(self) -> None:
        """How many open pages can ask whether there is something new, each as often as a page does that has just been opened."""
        article_id, _page = self.seeded.articles["1000"]
        path = f"/api/v1/articles/{article_id}/news"
        fetch(self.ours, path)
        body, tag = fetch(self.ours, path)
        known = {"If-None-Match": tag}
        check_unchanged(self.ours, path, known)
        self.pair(
            "is there something new? (304)",
            16,
            Ask(self.ours, path, known),
            Ask(self.bare, f"/ready/{len(body)}", {"If-None-Match": TAG}),
            least=None,
        )
        self.values.append(Value("open pages of which each asks every 15 s", median(self.figures[-1].ours) * POLL_SECONDS, "", None))

    def measure_cold(self) -> None:
        """The processor's time of a first page of which nothing is kept, in each order."""
        file = self.folder / "forum.sqlite3"
        for kind in (0, 1):
            costs = {}
            for size in SIZES:
                path = self.pages(size)[kind]
                costs[size] = cost_of_cold_page(self.ours, self.pids, file, self.seeded.articles[str(size)][0], path, self.plan.cold)
                most = 15.0 if size == SIZES[0] else 1.2 * costs[SIZES[0]] if size == SIZES[-1] else None
                self.values.append(
                    Value(f"cold first page of {size:,} comments, {('JSON', 'HTML')[kind]}", costs[size], "ms of processor", most)
                )
        for order in ORDERS:
            for size in (SIZES[0], SIZES[-1]):
                path = f"{self.pages(size)[0]}&sort={order}"
                cost = cost_of_cold_page(self.ours, self.pids, file, self.seeded.articles[str(size)][0], path, self.plan.cold)
                self.values.append(Value(f"cold first page of {size:,} comments, JSON, order {order}", cost, "ms of processor"))

    def measure_counts(self) -> None:
        """Counts of 50 pages."""
        query = urlencode([("url", address_of(number)) for number in range(PAGES)])
        for connections in (1, 16):
            self.pair(
                f"counts of {PAGES} pages",
                connections,
                Ask(self.ours, f"/api/v1/counts?{query}"),
                Ask(self.bare, f"/counts?{query}"),
                least=0.8,
            )

    def measure_writes(self) -> None:
        """Posts and tags against a bare row, posts against Isso; what is sent never comes twice, and what was stored is counted."""
        article_id, _page = self.seeded.articles["1000"]
        more = write_more(write_discussion(1000))
        tokens = self.seeded.tokens
        many = int(MOST_WRITES * max(1.0, self.plan.seconds))

        def rows() -> Ask:
            return Ask(self.bare, writes=write_lines(tokens, lambda n: ("POST", "/row"), lambda n: {"body_md": next(more).text}, many))

        def posts() -> Ask:
            path = f"/api/v1/articles/{article_id}/comments"
            return Ask(
                self.ours,
                writes=write_lines(
                    tokens, lambda n: ("POST", path), lambda n: {"body_md": next(more).text, "stance": STANCES[n % 4]}, many
                ),
            )

        def isso() -> Ask:
            path = "/new?uri=/what-is-measured/"
            body: dict[str, object] = {"author": "A", "parent": None}
            return Ask(
                self.isso.port, writes=write_lines(["none"], lambda n: ("POST", path), lambda n: {"text": next(more).text} | body, many)
            )

        for connections in (1, 8):
            self.turns(Figure("post a comment", connections, "bare", 0.5), self._counted("comments", posts), rows)
            self.turns(Figure("tag a comment", connections, "bare", 0.6), self._counted("tag_events", self._tags), rows)
            self.turns(Figure("post a comment", connections, "Isso", 1.8), posts, isso)

    def _counted(self, table: str, make: Callable[[], Ask]) -> Callable[[], Ask]:
        """Return ``make``, which from its second call on looks whether the requests of the former one stored anything."""
        known: list[int] = []

        def made() -> Ask:
            with closing(sqlite3.connect(self.folder / "forum.sqlite3")) as database:
                known.append(database.execute(f"SELECT max(id) FROM {table}").fetchone()[0])
            if len(known) > 1 and known[-1] <= known[-2]:
                raise WrongAnswerError(f"nothing was stored in {table}")
            return make()

        return made

    def _tags(self) -> Ask:
        # Another stance than the reader has there, on comments of others: each of these requests writes.
        article_id, _page = self.seeded.articles["1000"]
        with closing(sqlite3.connect(self.folder / "forum.sqlite3")) as database:
            found = database.execute(
                "SELECT comments.id, accounts.id, tags.stance FROM comments JOIN accounts ON accounts.handle LIKE 'seed%' AND accounts.id IN"
                " (SELECT account_id FROM api_tokens) LEFT JOIN tags ON tags.comment_id = comments.id AND tags.account_id = accounts.id"
                " WHERE comments.article_id = ? AND comments.state = 'visible' AND comments.author_id <> accounts.id ORDER BY comments.id * 7919 % 1009, accounts.id",
                (article_id,),
            ).fetchall()
            order = [row[0] for row in database.execute("SELECT account_id FROM api_tokens ORDER BY id")]
        tokens = dict(zip(order, self.seeded.tokens, strict=True))
        lines = [
            ("PUT", f"/api/v1/comments/{comment}/tag", tokens[account], {"stance": next(stance for stance in STANCES if stance != had)})
            for comment, account, had in found
        ]
        return Ask(self.ours, writes=lines)

    def measure_memory(self) -> None:
        """What is kept in memory after all of this, and whether it grows while the same is asked again and again."""
        self._note_memory("after the benchmark", 250)
        path, seconds = self.pages(1_000)[1], 5
        drive(Ask(self.ours, path), connections=16, seconds=seconds)
        before = sum(memory_megabytes(pid)[0] for pid in self.pids)
        done = 0.0
        while done < self.plan.requests:
            done += drive(Ask(self.ours, path), connections=16, seconds=seconds) * seconds
        grown = sum(memory_megabytes(pid)[0] for pid in self.pids) - before
        self.values.append(Value(f"growth of all processes over {done:,.0f} requests", grown, "MB"))

    def _note_memory(self, when: str, most: float) -> None:
        for number, pid in enumerate(self.pids, 1):
            rss, pss = memory_megabytes(pid)
            self.values.append(Value(f"memory of process {number} {when} (RSS)", rss, "MB", most))
            self.values.append(Value(f"memory of process {number} {when} (PSS)", pss, "MB"))


def main() -> int:
    """Run the benchmark and return the exit code: 0 done, 1 it could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("--quick", action="store_true", help="one short round on a small database; the results stay as they are")
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part")
    parser.add_argument("--rounds", type=int, default=Plan().rounds, help="how often each pair is measured")
    options = parser.parse_args()
    plan = QUICK if options.quick else Plan(rounds=options.rounds)
    FOLDER.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    try:
        install(HERE / "var" / ".isso", FOLDER / "install.log")
        folder = FOLDER / ("small" if options.quick else "million")
        seeded = seed(folder, million=not options.quick, say=_say)
        # A copy is measured: what is posted to it would make the next run another one.
        measured = FOLDER / "measured"
        shutil.rmtree(measured, ignore_errors=True)
        shutil.copytree(folder, measured)
        bench = Bench(seeded, plan, measured)
        with bench.serve():
            for part in options.only or PARTS:
                getattr(bench, f"measure_{part}")()
    except (StartError, WrongAnswerError) as error:
        print(f"Not measured: {error}", file=sys.stderr)
        return 1
    results = write_results(bench.figures, bench.values, bench.seeded.comments, plan)
    print(results)
    if not options.quick and not options.only:
        (HERE / "RESULTS.md").write_text(results, encoding="utf-8")
    _say(f"{time.monotonic() - begun:.0f} seconds")
    return 0


def _say(line: str) -> None:
    print(f"bench: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
