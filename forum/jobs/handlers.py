"""What is done for each kind of job. Rooms offer handlers, ``app.py`` enters them here; the queue itself imports no room.

A handler works in the transaction that also deletes its job. It touches nothing but the database and is quick: on SQLite it holds the one lock for writing.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

# Called with the transaction's session and the job's payload; flushes, never commits. What it raises makes the job wait and run again.
Handler = Callable[[Session, Mapping[str, Any]], None]

HANDLERS: dict[str, Handler] = {}
