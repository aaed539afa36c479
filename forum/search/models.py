"""The index of the visible comments' words: kept by triggers (``triggers.py``), read by ``queries.py``, and no table of the unit of work.

On SQLite an FTS5 table whose row id is the comment's, on PostgreSQL an ordinary one with a GIN index; so it is none of ``Base``'s tables.
"""

from typing import cast

from sqlalchemy import Table

from forum.comments.models import Comment
from forum.search import triggers

triggers.attach(cast(Table, Comment.__table__))
