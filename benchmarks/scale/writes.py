"""What writing costs: posts and tags, on one hot article and spread over many, beside a bare row and beside Isso's posts and votes, on both disks.

All of a round are measured in turn. Nothing that is sent comes twice, and what was stored is counted after each turn.
"""

from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from random import Random

from benchmarks.discussion import write_discussion, write_more
from benchmarks.isso_contender import URI
from benchmarks.load import WrongAnswerError
from benchmarks.scale.disk import AS_IS, MILLISECONDS, SLOW
from benchmarks.scale.measure import Figure, Turns, take_turns
from benchmarks.scale.servers import Bench, say
from benchmarks.scale.wrk import Ask, Sent, bearer, writes

STANCES = ("agreement", "disagreement", "skepticism", "encouragement")
CONNECTIONS = (1, 8, 16)
# More than any of them takes in a second; of bare rows, several times as many.
MOST_WRITES = 2_000
MOST_ROWS = 8_000
MANY_ARTICLES = 50
TAGGED_EACH = 20
# Isso counts votes up to 142 a comment.
VOTERS = 130
LATER_VOTES = 120_000


class Writes:
    """The requests that write, for each who is measured; none of one ``part`` is among those of another."""

    def __init__(self, bench: Bench, *, part: int = 0) -> None:
        self.bench = bench
        discussion = write_discussion(1000)
        self.texts = (comment.text for comment in write_more(discussion, seed=100 + part))
        # A bare row is as well written twice.
        self.again = cycle(list(islice((comment.text for comment in write_more(discussion, seed=3)), MOST_WRITES)))
        self.voted = part * LATER_VOTES
        self.found: dict[int, list[tuple[int, int]]] = {}
        hot, _page = bench.seeded.articles["1000"]
        self.hot = [hot]
        self.many = [
            row[0] for row in bench.rows("SELECT id FROM articles WHERE id <> :hot ORDER BY id LIMIT :many", hot=hot, many=MANY_ARTICLES)
        ]

    def writers(self) -> dict[str, Turns]:
        """Return all of them, by what they are called here."""
        bench = self.bench
        posted = lambda: bench.rows("SELECT count(*) FROM comments WHERE id > :last", last=bench.seeded.comments)[0][0]  # noqa: E731
        tagged = lambda: bench.rows("SELECT max(id) FROM tag_events")[0][0] or 0  # noqa: E731
        return {
            "row": Turns(self.rows),
            "post": Turns(lambda: self.posts(self.hot), posted),
            "post spread": Turns(lambda: self.posts(self.many), posted),
            "tag": Turns(lambda: self.tags(self.hot), tagged),
            "tag spread": Turns(lambda: self.tags(self.many), tagged),
            "Isso's post": Turns(self.isso_posts),
            "Isso's vote": Turns(self.isso_votes, bench.isso.count_votes),
        }

    def _many(self, most: int) -> int:
        return most * max(1, self.bench.plan.seconds)

    def rows(self) -> Ask:
        """Return the insertions of bare rows."""
        return writes(self.bench.bare, [Sent("POST", "/row", body={"body_md": next(self.again)}) for _ in range(self._many(MOST_ROWS))])

    def posts(self, articles: Sequence[int]) -> Ask:
        """Return comments by the readers in turn, on these articles in turn."""
        tokens = self.bench.seeded.tokens
        sent = [
            Sent(
                "POST",
                f"/api/v1/articles/{articles[number % len(articles)]}/comments",
                bearer(tokens[number % len(tokens)]),
                {"body_md": next(self.texts), "stance": STANCES[number % 4]},
            )
            for number in range(self._many(MOST_WRITES))
        ]
        return writes(self.bench.ours, sent)

    def tags(self, articles: Sequence[int]) -> Ask:
        """Return tags by the readers on comments of others, each another stance than the reader has there: each of these requests writes."""
        bench = self.bench
        readers = [row[0] for row in bench.rows("SELECT account_id FROM api_tokens ORDER BY id")][: len(bench.seeded.tokens)]
        tokens = dict(zip(readers, bench.seeded.tokens, strict=True))
        comments = self._tagged(articles)
        had: dict[tuple[int, int], str] = {}
        ids = [comment for comment, _author in comments]
        for begin in range(0, len(ids), 500):
            marks = ", ".join(map(str, ids[begin : begin + 500]))
            had |= {
                (row[0], row[1]): row[2]
                for row in bench.rows(f"SELECT comment_id, account_id, stance FROM tags WHERE comment_id IN ({marks})")
            }
        found = [(comment, reader) for comment, author in comments for reader in readers if author != reader]
        Random(1).shuffle(found)
        sent = [
            Sent(
                "PUT",
                f"/api/v1/comments/{comment}/tag",
                bearer(tokens[reader]),
                {"stance": next(one for one in STANCES if one != had.get((comment, reader)))},
            )
            for comment, reader in islice(found, self._many(MOST_WRITES))
        ]
        return writes(bench.ours, sent)

    def _tagged(self, articles: Sequence[int]) -> list[tuple[int, int]]:
        # The comments that are tagged and their writers: of many articles, a few of each.
        if articles[0] not in self.found:
            each = TAGGED_EACH if articles is self.many else self.bench.seeded.comments
            self.found[articles[0]] = [
                (row[0], row[1])
                for article_id in articles
                for row in self.bench.rows(
                    "SELECT id, author_id FROM comments WHERE article_id = :article AND state = 'visible' AND id <= :last ORDER BY id LIMIT :each",
                    article=article_id,
                    last=self.bench.seeded.comments,
                    each=each,
                )
            ]
        return self.found[articles[0]]

    def isso_posts(self) -> Ask:
        """Return comments on Isso's one thread."""
        sent = [
            Sent("POST", f"/new?uri={URI}", body={"text": next(self.again), "author": "A", "parent": None})
            for _ in range(self._many(MOST_WRITES))
        ]
        return writes(self.bench.isso.port, sent)

    def isso_votes(self) -> Ask:
        """Return votes on the comments of Isso's one thread, each from another address than the comment has one from."""
        sent = []
        for _ in range(self._many(MOST_WRITES)):
            voter, comment = divmod(self.voted, 1000)
            sent.append(Sent("POST", f"/id/{comment + 1}/like", ("X-Forwarded-For", f"10.{voter % 250}.{voter // 250}.1"), {}))
            self.voted += 1
        if self.voted > VOTERS * 1000:
            raise WrongAnswerError("Isso counts no further votes: measure fewer rounds")
        return writes(self.bench.isso.port, sent)


# What is measured, beside whom, and the ratio that is wanted.
PAIRS = (
    ("post a comment, one hot article", "post", "row", "bare", 0.5),
    ("post a comment, many articles", "post spread", "row", "bare", 0.5),
    ("tag a comment, one hot article", "tag", "row", "bare", 0.6),
    ("tag a comment, many articles", "tag spread", "row", "bare", 0.6),
    ("post a comment, one hot article", "post", "Isso's post", "Isso", 1.8),
    ("tag a comment, one hot article; Isso: its votes", "tag", "Isso's vote", "Isso", None),
)


def measure_writes(bench: Bench) -> None:
    """Measure all in turn, at each number of connections, on each disk."""
    writes = Writes(bench)
    for connections in CONNECTIONS:
        for disk, milliseconds in _disks(bench):
            bench.disk.slow_down(milliseconds)
            writers = writes.writers()
            take_turns(list(writers.values()), connections, bench.plan)
            bench.disk.slow_down(0)
            for name, ours, theirs, other, least in PAIRS:
                bench.keep(Figure(name, connections, other, least, writers[ours].rates, writers[theirs].rates, disk))


def _disks(bench: Bench) -> Iterator[tuple[str, float]]:
    yield AS_IS, 0
    if bench.disk.can_be_slow:
        yield SLOW, MILLISECONDS
    else:
        say("writes on a disk with slow flushes: not measured, there is no C compiler")
