"""The whole thread of 1,000 comments, every page of it by the API, beside ready bytes of its size and beside Isso's whole thread."""

import json

from benchmarks.load import Connection, Errand
from benchmarks.scale.bare import TAG
from benchmarks.scale.measure import Figure, Turns, Value, cost_of_cold_pages, fetch, processor_seconds, take_turns
from benchmarks.scale.servers import Bench
from benchmarks.scale.wrk import Ask, Sent

CONNECTIONS = (1, 16)
SIZE = 1_000
LONGEST_PAGE = 50
# Isso can need seconds for one answer.
SLOW_SECONDS = 6
ISSO_THREADS = 3


def find_pages(bench: Bench) -> list[str]:
    """Return the addresses of the thread's pages, and of the rest of its replies where a branch is longer than a page shows of it.

    They are looked up beforehand: the discussion does not change meanwhile, and a reader takes them from each answer.
    """
    article_id, _page = bench.seeded.articles[str(SIZE)]
    pages = f"/api/v1/articles/{article_id}/comments?limit={LONGEST_PAGE}&replies={LONGEST_PAGE}"
    found, cursor, seen = [], "", 0
    while cursor is not None:
        found.append(pages + (cursor and f"&cursor={cursor}"))
        page = json.loads(fetch(bench.ours, found[-1])[0])
        for item in page["items"]:
            seen += 1 + len(item["replies"])
            after = item["more_replies"] and item["more_replies"]["after"]
            while after:
                found.append(f"/api/v1/comments/{item['id']}/replies?after={after}&limit={LONGEST_PAGE}")
                more = json.loads(fetch(bench.ours, found[-1])[0])
                seen, after = seen + len(more["items"]), more["next"]
        cursor = page["next"]
    bench.note(Value(f"requests for the whole thread of {SIZE:,} comments ({seen:,} found)", len(found), ""))
    return found


def measure_thread(bench: Bench) -> None:
    """Measure the whole thread warm and unchanged, our first page and Isso's two, all in turn; then what the whole thread costs when nothing is kept."""
    pages = find_pages(bench)
    answers = [fetch(bench.ours, path) for path in pages]
    size, count = sum(len(body) for body, _tag in answers), len(pages)
    ready = [f"/ready/{len(body)}" for body, _tag in answers]
    known = [Sent("GET", path, ("If-None-Match", tag)) for path, (_body, tag) in zip(pages, answers, strict=True)]
    asks = {
        "first": Ask(bench.ours, bench.pages(SIZE)[0]),
        "whole": Ask(bench.ours, sent=[Sent("GET", path) for path in pages], each=count),
        "unchanged": Ask(bench.ours, sent=known, each=count),
        "bare": Ask(bench.bare, sent=[Sent("GET", path) for path in ready], each=count),
        "bare unchanged": Ask(bench.bare, sent=[Sent("GET", path, ("If-None-Match", TAG)) for path in ready], each=count),
        "Isso first": Ask(bench.isso.port, bench.isso.first_page()[0].path),
        "Isso whole": Ask(bench.isso.port, bench.isso.whole_thread()[0].path),
    }
    for connections in CONNECTIONS:
        turns = {
            name: Turns(lambda ask=ask: ask, seconds=SLOW_SECONDS, pids=bench.isso_pids()) if "Isso" in name else Turns(lambda ask=ask: ask)  # type: ignore[misc]
            for name, ask in asks.items()
        }
        take_turns(list(turns.values()), connections, bench.plan)
        for name, ours, theirs, other, least in (
            (f"JSON, first page of {SIZE:,} comments, Isso: its whole thread", "first", "Isso whole", "Isso", 500.0),
            (f"JSON, first page of {SIZE:,} comments, Isso: its first page", "first", "Isso first", "Isso", None),
            (f"JSON, whole thread of {SIZE:,} comments in {count} requests, warm", "whole", "bare", "bare", None),
            (f"JSON, whole thread of {SIZE:,} comments in {count} requests, 304", "unchanged", "bare unchanged", "bare", None),
            (f"JSON, whole thread of {SIZE:,} comments in {count} requests, Isso: its whole thread", "whole", "Isso whole", "Isso", None),
        ):
            bench.keep(Figure(name, connections, other, least, turns[ours].rates, turns[theirs].rates))
    cold = cost_of_cold_pages(bench.ours, bench.working, lambda: bench.change_article(SIZE), pages, bench.plan.cold)
    bench.note(Value(f"cold whole thread of {SIZE:,} comments, JSON, {size / 1000:,.0f} kB in {count} requests", cold, "ms of processor"))
    bench.note(Value(f"Isso's whole thread of {SIZE:,} comments", _cost_of(bench, bench.isso.whole_thread()), "ms of processor"))


def _cost_of(bench: Bench, errand: Errand) -> float:
    connection, pids = Connection(bench.isso.port), bench.isso_pids()
    before = processor_seconds(pids)
    for _ in range(ISSO_THREADS):
        for request in errand:
            connection.send(request)
    connection.close()
    return (processor_seconds(pids) - before) / ISSO_THREADS * 1000
