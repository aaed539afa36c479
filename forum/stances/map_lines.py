"""An article's two bars as mails show them: as lines of text, and by the colours and widths that ``macros/mail_map.html`` needs, since mail programs drop SVG.

The rule: writers' stances and readers' tags are two lines and are never added together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from flask_babel import gettext as _

from forum.articles.schemas import Tally
from forum.comments.stance import Stance
from forum.stances.stance_map import LEFT_TO_RIGHT, Bar, draw, scale_of
from forum.stances.words import STANCE_WORDS
from forum.web.translation import written_number

# Mails have no style sheet: the light colours of forum.css, which stand out from white as they do from our paper.
COLOURS = {
    Stance.DISAGREEMENT: "#a5322a",
    Stance.SKEPTICISM: "#815600",
    Stance.AGREEMENT: "#17694c",
    Stance.ENCOURAGEMENT: "#7a3a88",
}


class Tallied(Protocol):
    """Whatever has the two tallies of an article, such as ArticleOut."""

    @property
    def stances(self) -> Tally:
        """The writers' stances of the comments that answer the article."""

    @property
    def tags(self) -> Tally:
        """The readers' tags on the comments."""


@dataclass(frozen=True)
class MailBar:
    """One bar of a mail: what it is about, its counts, its geometry and the colour of each part."""

    title: str
    tally: Tally
    bar: Bar

    @property
    def counts(self) -> list[tuple[str, str, int, str]]:
        """Each stance from left to right: its glyph, its word, its count, its colour."""
        return [
            (STANCE_WORDS[stance].glyph, str(STANCE_WORDS[stance].label), getattr(self.tally, stance), COLOURS[stance])
            for stance in LEFT_TO_RIGHT
        ]

    @property
    def cells(self) -> list[tuple[float, str]]:
        """The cells of a table row that looks like the bar: their widths in percent, which make 100, and their colours; empty where nothing stands."""
        found = [(part.width, COLOURS[part.stance]) for part in self.bar.parts if part.width]
        before = round(self.bar.parts[0].x, 1)
        after = round(100 - before - sum(width for width, _colour in found), 1)
        return [cell for cell in ((before, ""), *found, (after, "")) if cell[0] > 0]


def mail_bars(article: Tallied) -> list[MailBar]:
    """Return the bars of an article, in the present language: the writers' first; one without a count is left out."""
    asked = ((_("Writers, on the article"), article.stances), (_("Readers, on the comments"), article.tags))
    return [MailBar(str(title), tally, draw(tally, scale_of([tally]))) for title, tally in asked if tally.n]


def map_lines(article: Tallied) -> list[str]:
    """Return what the bars say as lines of text, in the present language; none where nothing was counted."""
    return [f"{one.title}: {_in_words(one.counts)}" for one in mail_bars(article)]


def _in_words(counts: Sequence[tuple[str, str, int, str]]) -> str:
    return " · ".join(f"{label} {written_number(count)}" for _glyph, label, count, _colour in counts)
