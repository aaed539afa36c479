"""What reading costs: first pages that are kept, made anew or unchanged, and counts, beside ready bytes of the same size and one index."""

from statistics import median
from urllib.parse import urlencode

from benchmarks.scale.bare import COMMENTS_EACH, PAGES, TAG, address_of
from benchmarks.scale.measure import Figure, Turns, Value, check_unchanged, cost_of_cold_pages, fetch, take_turns
from benchmarks.scale.seed import SIZES
from benchmarks.scale.servers import Bench
from benchmarks.scale.wrk import Ask, Sent

ORDERS = ("oldest", "newest", "active", "most_tagged", "most_valued", "most_contested", "unanswered")
CONNECTIONS = (1, 16)
# As often as static/forum.js asks at first.
POLL_SECONDS = 15


def measure_reads(bench: Bench) -> None:
    """Warm first pages, 304, and signed in."""
    cookie = bench.cookie()
    for connections in CONNECTIONS:
        for size in (100, 1_000, 100_000):
            for kind, path in zip(("JSON", "HTML"), bench.pages(size), strict=True):
                fetch(bench.ours, path)
                body, tag = fetch(bench.ours, path)
                ready = Ask(bench.bare, f"/ready/{len(body)}")
                name = f"{kind}, first page of {size:,} comments"
                bench.pair(f"{name}, warm", connections, Ask(bench.ours, path), ready, least=1.0 if size > 100 else None)
                if size > 100:
                    known = {"If-None-Match": tag}
                    check_unchanged(bench.ours, path, known)
                    unchanged = Ask(bench.bare, ready.path, {"If-None-Match": TAG})
                    bench.pair(f"{name}, 304", connections, Ask(bench.ours, path, known), unchanged, least=1.0)
        path = bench.pages(1_000)[1]
        body, _tag = fetch(bench.ours, path, {"Cookie": cookie})
        signed_in = Ask(bench.ours, path, {"Cookie": cookie})
        bench.pair("HTML of 1,000 comments, signed in", connections, signed_in, Ask(bench.bare, f"/ready/{len(body)}"), least=0.25)


def measure_polling(bench: Bench) -> None:
    """How many open pages can ask whether there is something new, each as often as a page does that has just been opened."""
    article_id, _page = bench.seeded.articles["1000"]
    path = f"/api/v1/articles/{article_id}/news"
    fetch(bench.ours, path)
    body, tag = fetch(bench.ours, path)
    known = {"If-None-Match": tag}
    check_unchanged(bench.ours, path, known)
    ready = Ask(bench.bare, f"/ready/{len(body)}", {"If-None-Match": TAG})
    bench.pair("is there something new? (304)", 16, Ask(bench.ours, path, known), ready, least=None)
    bench.values.append(Value(f"open pages of which each asks every {POLL_SECONDS} s", median(bench.figures[-1].ours) * POLL_SECONDS, ""))


def measure_cold(bench: Bench) -> None:
    """The processor's time of a first page of which nothing is kept, in each order."""

    def cost(size: int, path: str) -> float:
        return cost_of_cold_pages(bench.ours, bench.working, lambda: bench.change_article(size), [path], bench.plan.cold)

    for kind in (0, 1):
        costs = {}
        for size in SIZES:
            costs[size] = cost(size, bench.pages(size)[kind])
            most = 15.0 if size == SIZES[0] else 1.2 * costs[SIZES[0]] if size == SIZES[-1] else None
            bench.note(Value(f"cold first page of {size:,} comments, {('JSON', 'HTML')[kind]}", costs[size], "ms of processor", most))
    for order in ORDERS:
        for size in (SIZES[0], SIZES[-1]):
            spent = cost(size, f"{bench.pages(size)[0]}&sort={order}")
            bench.note(Value(f"cold first page of {size:,} comments, JSON, order {order}", spent, "ms of processor"))


def measure_counts(bench: Bench) -> None:
    """Counts of 50 pages, beside as many rows of an index and beside Isso's."""
    query = urlencode([("url", address_of(number)) for number in range(PAGES)])
    ours, bare = Ask(bench.ours, f"/api/v1/counts?{query}"), Ask(bench.bare, f"/counts?{query}")
    isso = Ask(bench.isso.port, sent=[Sent("POST", "/count", body=bench.isso.fill_others(PAGES, COMMENTS_EACH))])
    for connections in CONNECTIONS:
        own, others = Turns(lambda: ours), {"bare": Turns(lambda: bare), "Isso": Turns(lambda: isso)}
        take_turns([own, *others.values()], connections, bench.plan)
        for other, turns in others.items():
            bench.keep(Figure(f"counts of {PAGES} pages", connections, other, 0.8 if other == "bare" else None, own.rates, turns.rates))
