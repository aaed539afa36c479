"""The author's desk: what waits for an answer, and what the author does about it."""
