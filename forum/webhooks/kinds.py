"""Of what a program can be told: every happening, and a message that only tries whether it listens."""

from forum.jobs.happening import Happening
from forum.sentences import Sentence, sentence

PING = "webhook.ping"
KIND_WORDS: dict[Happening, Sentence] = {
    Happening.COMMENT_PUBLISHED: sentence("A comment can be read for the first time"),
    Happening.COMMENT_EDITED: sentence("A comment was edited"),
    Happening.COMMENT_MOVED: sentence("A comment was hidden, shown again, withdrawn or erased"),
    Happening.COMMENT_THANKED: sentence("An author has thanked for a comment"),
    Happening.COMMENT_CONTINUED: sentence("A comment was answered in a later part of the series"),
    Happening.ARTICLE_CREATED: sentence("An article was added"),
    Happening.ARTICLE_CHANGED: sentence("An article was changed, closed or opened again"),
}


def tidy_kinds(kinds: list[Happening]) -> str:
    """Return a choice of kinds as it is stored: each once and in our order, nothing for all of them."""
    chosen = [kind for kind in Happening if kind in kinds]
    return " ".join(kind.value for kind in chosen) if len(chosen) < len(Happening) else ""


def is_wanted(kinds: str, kind: Happening) -> bool:
    """Whether a stored choice of kinds holds ``kind``."""
    return not kinds or kind.value in kinds.split()
