"""Some thousands of open items for the moderation queue that is measured, put into the database in bulk."""

from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID
from forum.comments.models import Comment
from forum.moderation.models import ItemReason, Report, ReviewItem
from tests.seeding import START

# Among the comments of an article, every so many is reported.
EVERY = {10_000: 3, 100_000: 30}
REASONS = ("off_topic", "promotion", "harassment")
LANES = 4


def fill_queue(session: Session, articles: dict[int, int], reporter_id: int) -> int:
    """Report every so many comments of the articles, by their size; return how many items are open."""
    site = {"site_id": DEFAULT_SITE_ID}
    items: list[dict[str, Any]] = []
    for size, every in EVERY.items():
        chosen = select(Comment.id, Comment.author_id).where(Comment.article_id == articles[size], Comment.author_id != reporter_id)
        for place, (comment_id, author_id) in enumerate(session.execute(chosen.order_by(Comment.id)).all()[::every]):
            rank = -float(place % 5)
            lane = place % LANES
            items.append(
                site
                | {"article_id": articles[size], "comment_id": comment_id, "writer_id": author_id, "state": "open", "origin": "report"}
                | {"reason": REASONS[place % 3], "lane": lane, "base_lane": lane, "priority": -rank, "rank": rank}
                | {"opened_at": START, "due_at": START}
            )
    session.execute(insert(ReviewItem), items)
    made = session.execute(select(ReviewItem.id, ReviewItem.comment_id, ReviewItem.reason, ReviewItem.lane, ReviewItem.rank)).all()
    session.execute(
        insert(ItemReason), [site | {"item_id": row[0], "reason": row[2], "state": "open", "lane": row[3], "rank": row[4]} for row in made]
    )
    session.execute(
        insert(Report),
        [
            site
            | {"reference": f"REF{row[0]}", "comment_id": row[1], "item_id": row[0], "reporter_id": reporter_id, "reason": row[2]}
            | {"note": "", "weight": 1.0, "state": "open", "created_at": START}
            for row in made
        ],
    )
    return len(made)
