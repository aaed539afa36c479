"""What a page of the moderation queue, with some thousands of open items, costs a moderator who is signed in."""

from benchmarks.scale.measure import Value, fetch
from benchmarks.scale.servers import Bench
from benchmarks.scale.wrk import Ask
from forum.access.viewer import Role

CONNECTIONS = (1, 16)
PATHS = (("JSON", "/api/v1/mod/items"), ("HTML", "/mod"))


def measure_queue(bench: Bench) -> None:
    """Measure a page of the queue beside ready bytes of its size."""
    cookie = {"Cookie": bench.cookie(Role.MODERATOR)}
    bench.note(Value("open items of the moderation queue", bench.rows("SELECT count(*) FROM review_items WHERE state = 'open'")[0][0], ""))
    for connections in CONNECTIONS:
        for kind, path in PATHS:
            body, _tag = fetch(bench.ours, path, cookie)
            ready = Ask(bench.bare, f"/ready/{len(body)}")
            bench.pair(f"{kind}, moderation queue, signed in", connections, Ask(bench.ours, path, cookie), ready, least=None)
