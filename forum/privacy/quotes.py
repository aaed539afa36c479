"""Which of several sentences quote one of several texts: they have a passage of twenty characters in common with one, however spaced or cased. Pure."""

from collections.abc import Iterable, Sequence

LEAST = 20
"""Characters in a row, spaces made one, from which on a passage counts as a quotation."""

SHORTEST = 12
"""A text of fewer characters says too little to be known again."""

SHORTEST_WORD = 4
"""Nor does a shorter word that screening found."""


class Quotes:
    """The texts, and ``words``: what screening found in them, which the sentences of rules name. What stands in one of ``unless`` too is no quotation."""

    def __init__(self, texts: Sequence[str], words: Iterable[str] = (), *, unless: Sequence[str] = ()) -> None:
        plain, self.unless = {_plain(text) for text in texts}, [_plain(text) for text in unless]
        self.long = [text for text in plain if len(text) >= LEAST]
        # A text shorter than a passage is quoted when it stands there as a whole.
        self.short = [text for text in plain if SHORTEST <= len(text) < LEAST and not self._is_free(text)]
        self.words = {found for word in words if len(found := _plain(word)) >= SHORTEST_WORD and not self._is_free(found)}

    def among(self, sentences: Iterable[str]) -> frozenset[str]:
        """Return those of ``sentences`` that quote one of the texts."""
        plain = {sentence: _plain(sentence) for sentence in sentences}
        passages = {sentence: frozenset(_passages(said)) for sentence, said in plain.items()}
        # The texts may be long and many: they are walked through once for all sentences, and nothing of them is kept.
        wanted = frozenset().union(*passages.values())
        met = {passage for text in self.long for passage in _passages(text) if passage in wanted} if wanted else set()
        met = {passage for passage in met if not self._is_free(passage)}
        return frozenset(
            sentence for sentence, said in plain.items() if met & passages[sentence] or any(text in said for text in self.short)
        )

    def name_words_in(self, sentence: str) -> bool:
        """Whether ``sentence`` names one of the words."""
        plain = _plain(sentence)
        return any(word in plain for word in self.words)

    def _is_free(self, passage: str) -> bool:
        return any(passage in text for text in self.unless)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _passages(plain: str) -> Iterable[str]:
    return (plain[start : start + LEAST] for start in range(len(plain) - LEAST + 1))
