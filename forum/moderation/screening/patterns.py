"""Matches word lists against texts with RE2: linear in the text, whatever a moderator writes. The only file that knows the library.

Both sides are folded. A word is matched whole, with masked letters (f**k) and look-alike signs; between the words of a phrase may stand signs or
nothing, but not the end of a sentence. Compiled lists are kept. Called by the phases words and links, and by `rules`, which refuses bad entries.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import re2

from forum.moderation.screening.entries import MOST_ENTRIES, WHOLE, BadEntry, Choice, Entry, Form, parse_entry
from forum.moderation.screening.spellings import show_names
from forum.sentences import sentence

MEMORY = 128 << 20
"""Bytes that RE2 may use for one list; a list that needs more is refused."""

MOST_SETS = 32
"""Sets of patterns that one list is matched in: what a set remembers grows with the product of its patterns, so many small ones are faster."""

MOST_MATCHES = 10
"""Matches that are reported of one text for each reason: enough to see why."""

# The number of the pattern that matches every text.
_ALWAYS = 0
_SET_SIZE = 16
_MOST_WORDS = 80
_EDGES = " \t.,:;!?\"'()"
# Every sign beyond ASCII is a space in a plain text: what is left there are letters and digits.
_SIGN = r"\x00-/:-@\[-`{-\x7f"
_LETTER = rf"[^{_SIGN}]"
_START, _END = rf"(?:^|[{_SIGN}])", rf"(?:$|[{_SIGN}])"
# "buy now", "buy - now", "buy.now"; not "to buy. Now".
_GAP = r"(?:[\x00- \x22-\-/:<->@\[-`{-\x7f]+|[.!?;]+)"
_MASKS = "*#%_-"
# A masked sign is a range of its own in each class of a pattern, and a list has tens of thousands of classes: as control characters, of which a plain text
# has none, they are one range, and a compiled list is a third smaller. Beside them nothing changes: all of them are signs, and none ends a sentence.
_FIRST_MASK = 0x10
_AS_CONTROLS = {ord(char): _FIRST_MASK + place for place, char in enumerate(_MASKS)}
_AS_WRITTEN = {control: char for char, control in _AS_CONTROLS.items()}
_MASKED = rf"\x{_FIRST_MASK:02x}-\x{_FIRST_MASK + len(_MASKS) - 1:02x}"
# l and i are written for each other (1 is folded to i, but ki11 is kill, and a capital I is an l); 8 and 9 are no leet elsewhere.
_LOOKS = {"a": "@", "b": "8", "g": "9", "i": "!|l", "l": "|i", "s": "$", "t": "+"}
_SHORTEST_MASKED = 4
# "buynow" is "buy now", but "idemand" is not "i demand": only words of this length are written together.
_SHORTEST_JOINED = 3


@dataclass(frozen=True)
class Match:
    """An entry that a text holds: the entry as written, its reason, and the words of the text (as compared, that is folded)."""

    entry: str
    reason: str
    words: str


class Matcher:
    """A compiled list. ``find`` is safe in threads."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        self.entries = parse_entries(lines)
        self._parts = tuple((index, part) for index, entry in enumerate(self.entries) for part in entry.parts)
        self._size = max(_SET_SIZE, -(-len(self._parts) // MOST_SETS))
        starts = range(0, len(self._parts), self._size)
        self._sets = tuple(self._compile_set(self._parts[start : start + self._size], len(starts)) for start in starts)

    def _compile_set(self, parts: tuple[tuple[int, tuple[Form, ...]], ...], count: int) -> "re2.Set":
        options = _options(MEMORY // count)
        compiled = re2.Set.SearchSet(options)
        # RE2 answers "nothing" when it runs out of memory; then this one, which matches every text, is missing too.
        compiled.Add("")
        for index, part in parts:
            try:
                compiled.Add(write_pattern(part))
            except re2.error as error:
                raise BadEntry(index, sentence("Line %(line)s is too large.", line=index + 1)) from error
        try:
            compiled.Compile()
        except re2.error as error:
            lines = parts[-1][0] + 1
            raise BadEntry(lines - 1, sentence("All %(count)s lines together are too large.", count=lines)) from error
        return compiled

    def find(self, spellings: Iterable[str]) -> tuple[Match, ...]:
        """Return the entries that the spellings hold, in the list's order, ``MOST_MATCHES`` for a reason; one pass of each set for each spelling.

        The parts of one entry may be in different spellings. Hints are returned only where the shares for their reason come to 1, and nothing where they
        come to -1 or less.
        """
        found: dict[int, str] = {}
        for spelling in spellings:
            compared = spelling.translate(_AS_CONTROLS)
            for place, compiled in enumerate(self._sets):
                matched = compiled.Match(compared)
                if _ALWAYS not in matched:
                    raise MemoryError("a word list needs more memory than it may use")
                for number in matched:
                    if number != _ALWAYS:
                        found.setdefault(place * self._size + number - 1, compared)
        return self._gather(found) if found else ()

    def _gather(self, found: dict[int, str]) -> tuple[Match, ...]:
        counts = Counter(self._parts[number][0] for number in found)
        held = sorted(index for index, count in counts.items() if count == len(self.entries[index].parts))
        shares: defaultdict[str, Fraction] = defaultdict(Fraction)
        for index in held:
            if (share := self.entries[index].share) != WHOLE:
                shares[self.entries[index].reason] += share
        words: dict[int, list[str]] = {}
        told: Counter[str] = Counter()
        for index in held:
            share, reason = self.entries[index].share, self.entries[index].reason
            is_enough = shares[reason] > -WHOLE if share == WHOLE else share > 0 and shares[reason] >= WHOLE
            if is_enough and told[reason] < MOST_MATCHES:
                told[reason] += 1
                words[index] = []
        for number in sorted(found) if words else ():
            index, part = self._parts[number]
            if index in words:
                words[index].append(_locate(part, found[number]))
        return tuple(Match(self.entries[index].text, self.entries[index].reason, " … ".join(spelt)) for index, spelt in words.items())


def _locate(part: tuple[Form, ...], compared: str) -> str:
    located = _compile_alone(part).search(compared)
    return show_names(located.group()).translate(_AS_WRITTEN).strip(_EDGES)[:_MOST_WORDS] if located else ""


_compiling = threading.Lock()


def matcher(lines: tuple[str, ...]) -> Matcher:
    """Return the compiled list, made once for each tuple of entries; raise ``BadEntry`` for the first line that cannot be used."""
    # Without the lock, every thread would compile the same list when a process starts.
    with _compiling:
        return _compile(lines)


@lru_cache(maxsize=8)
def _compile(lines: tuple[str, ...]) -> Matcher:
    return Matcher(lines)


def parse_entries(lines: tuple[str, ...]) -> tuple[Entry, ...]:
    """Return the parsed entries; raise ``BadEntry`` for the first that cannot be used, or when there are too many."""
    if len(lines) > MOST_ENTRIES:
        raise BadEntry(MOST_ENTRIES, sentence("There are more than %(most)s lines.", most=MOST_ENTRIES))
    return tuple(parse_entry(line, index) for index, line in enumerate(lines))


def write_pattern(part: tuple[Form, ...]) -> str:
    """Return a part of an entry as a pattern of RE2 for plain texts whose ``_MASKS`` are control characters."""
    return "|".join(_write_form(form) for form in part)


def _options(memory: int) -> "re2.Options":
    options = re2.Options()
    options.max_mem = memory
    options.log_errors = False
    return options


@lru_cache(maxsize=2048)
def _compile_alone(part: tuple[Form, ...]) -> "re2._Regexp[str]":
    return re2.compile(write_pattern(part), options=_options(MEMORY))


def _write_form(form: Form) -> str:
    return "|".join(_write_bounded(one) for half in _split_edge(form, 0) for one in _split_edge(half, -1))


def _write_bounded(form: Form) -> str:
    # Beside a sign, such as % in "*% off", a word need not end.
    starts = all(_is_wordy(word[0]) for word in _edge_words(form))
    ends = all(_is_wordy(word[-1]) for word in _edge_words(form, at_end=True))
    return f"{_START if starts else ''}{_write_phrase(form)}{_END if ends else ''}"


def _split_edge(form: Form, place: int) -> tuple[Form, ...]:
    """Return ``form`` as two where some phrases of the choice at its edge begin (or end) with a sign and others do not."""
    edge = form[place]
    if isinstance(edge, str) or edge.is_optional:
        return (form,)
    kinds: dict[bool, list[Form]] = {}
    for phrase in edge.phrases:
        words = _edge_words(phrase, at_end=place < 0)
        kinds.setdefault(all(_is_wordy(word[place]) for word in words), []).append(phrase)
    choices = (Choice(tuple(phrases)) for phrases in kinds.values())
    return tuple((*form[:-1], choice) if place else (choice, *form[1:]) for choice in choices)


def _edge_words(form: Form, *, at_end: bool = False) -> Iterator[str]:
    """Yield the words that may come first in what ``form`` matches, or last."""
    for item in reversed(form) if at_end else form:
        if isinstance(item, str):
            yield item
            return
        for phrase in item.phrases:
            yield from _edge_words(phrase, at_end=at_end)
        if not item.is_optional:
            return


def _is_wordy(char: str) -> bool:
    return char.isalnum() or char == "*"


def _write_phrase(form: Form) -> str:
    needed = [place for place, item in enumerate(form) if isinstance(item, str) or not item.is_optional]
    # A choice that may stay empty takes its gap with it: the one behind it, or before it once all words that are needed have been.
    turn = needed[-1] if needed else -1
    written = ""
    for place, item in enumerate(form):
        gap_after = _write_gap((item,), form[place + 1 :]) if place < turn else ""
        gap_before = _write_gap(form[:place], (item,)) if place > turn and place else ""
        one = f"{gap_before}{_write_item(item)}{gap_after}"
        written += f"(?:{one})?" if isinstance(item, Choice) and item.is_optional else one
    return written


def _write_gap(before: Form, after: Form) -> str:
    words = (*_edge_words(before, at_end=True), *_edge_words(after))
    return f"{_GAP}?" if all(len(word) >= _SHORTEST_JOINED and word.isalnum() for word in words) else _GAP


def _write_item(item: str | Choice) -> str:
    return _write_word(item) if isinstance(item, str) else "(?:" + "|".join(map(_write_phrase, item.phrases)) + ")"


def _write_word(word: str) -> str:
    if not word.strip("*"):
        return f"{_LETTER}+"
    masked = sum(map(str.isalnum, word)) >= _SHORTEST_MASKED
    return "".join(_write_char(char, masked and 0 < place < len(word) - 1) for place, char in enumerate(word))


def _write_char(char: str, is_masked: bool) -> str:
    if char == "*":
        return f"{_LETTER}*"
    if char == "-":
        return f"{_GAP}?"
    if not char.isalnum():
        return str(re2.escape(char.translate(_AS_CONTROLS)))
    others = _LOOKS.get(char, "") + (_MASKED if is_masked else "")
    return f"[{char}{others}]" if others else char
