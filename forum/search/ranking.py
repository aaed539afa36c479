"""How well a comment answers a search, from its folded words alone: how often the words are there, against how long it is, and whether they stand together.

No number of this looks at other comments: what a common word is, would have to be counted over the whole index.
"""

from forum.search.syntax import Term

# As Okapi BM25 has them, with a comment's usual length in the place of the index's mean.
_SATURATION, _LENGTH_WEIGHT, _USUAL_LENGTH = 1.2, 0.75, 60


def score(words: str, terms: tuple[Term, ...]) -> float:
    """Return the score of a comment with these folded ``words``, higher is better: at most 2.2 for each term, and 1 where all stand together as asked."""
    if not terms:
        return 0.0
    # Two spaces between words, so that two phrases which follow each other share none.
    listed, padded = words.split(" "), f" {words.replace(' ', '  ')} "
    slowness = _SATURATION * (1 - _LENGTH_WEIGHT + _LENGTH_WEIGHT * len(listed) / _USUAL_LENGTH)
    total = 0.0
    for term in terms:
        times = listed.count(term.words[0]) if len(term.words) == 1 else padded.count(f" {'  '.join(term.words)} ")
        total += times * (_SATURATION + 1) / (times + slowness)
    if len(terms) > 1 and f" {'  '.join('  '.join(term.words) for term in terms)} " in padded:
        total += 1
    return round(total, 6)
