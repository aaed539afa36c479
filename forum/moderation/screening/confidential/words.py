"""The words that the detectors know, one folder a language: each file is a class of words, ``grammar.txt`` holds the small classes.

A word or phrase may be of many classes; a class is one bit, so that a token's classes are one number. Read once and kept. Called by `tokens`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType

_HERE = Path(__file__).parent
_PIECE = re.compile(r"[^\W_]++(?:'[^\W\d_]++)*")
_TAILS = frozenset({"s", "m", "d", "ve", "ll", "re"})
_SHORTEST_ILLNESS = 7
_LONGEST_ENDING = 9


_LISTS = (
    "condition_endings",
    "condition_exceptions",
    "past_endings",
    "doing_endings",
    "word_endings",
    "plural_endings",
    "ordinal_endings",
    "age_endings",
    "free_numbers",
)
"""What is no class of words but a list of its own: endings, exceptions, beginnings."""


class UnknownWordsError(ValueError):
    """A language without a folder, or a folder without a class that the detectors ask for."""


@dataclass
class Node:
    """A place in the tree of phrases: the classes of the phrase that ends here, and the words that may follow."""

    bits: int = 0
    following: dict[str, "Node"] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Lexicon:
    """The words of one language. ``words`` gives classes, ``phrases`` begins at a first word, ``numbers`` gives values, ``lists`` holds what is no class.

    ``endings`` are the lists as ``str.endswith`` takes them.
    """

    words: MappingProxyType[str, int]
    phrases: MappingProxyType[str, Node]
    numbers: MappingProxyType[str, int]
    lists: MappingProxyType[str, frozenset[str]]
    endings: MappingProxyType[str, tuple[str, ...]]

    def ends(self, word: str, which: str) -> bool:
        """Tell whether a word has an ending of the list ``which``."""
        return word.endswith(self.endings[which])

    def classes_of(self, word: str) -> int:
        """Return the classes of one folded word: as it is listed, as a plural of a body's part or an illness, or by its ending."""
        found = self.words.get(word, 0)
        if found:
            return found
        if word[-1:] == "s" and (single := self.words.get(word[:-1], 0)):
            return GROUP | ROLES if single & (OFFICE | TRADE | CARER) else single & (CONDITION | BODY | TEST | ANIMAL | DRUG)
        if len(word) < _SHORTEST_ILLNESS or word in self.lists["condition_exceptions"]:
            return 0
        endings = self.lists["condition_endings"]
        for length in range(min(_LONGEST_ENDING, len(word) - 2), 2, -1):
            if word[-length:] in endings:
                return CONDITION
        return 0


_NAMES: dict[str, int] = {}


def _class(name: str) -> int:
    return _NAMES.setdefault(name, 1 << len(_NAMES))


CONDITION, COMPLAINT, DRUG, BODY, TEST = map(_class, ("conditions", "complaints", "drugs", "body", "tests"))
PATIENT, GROUP, PERSON, KIN, MULTIPLE, THERAPY = map(_class, ("patients", "groups", "persons", "kin", "multiples", "therapies"))
OFFICE, TRADE, CARER, UNIQUE, ONLY, LOCAL = map(_class, ("offices", "trades", "carers", "unique", "only", "local"))
WORKS, LITERATURE, HYPOTHETICAL, EVENT = map(_class, ("works", "literature", "hypothetical", "events"))
DISGUISED, PSEUDONYM, ANIMAL, PUBLIC, SUPPOSING, IMAGINING = map(
    _class, ("disguised", "pseudonyms", "animals", "public", "supposing", "imagining")
)
REGION, CITY, INSTITUTION, SETTLEMENT, STREET = map(_class, ("regions", "cities", "institutions", "settlements", "streets"))
MONTH, DAY, FEAST = map(_class, ("months", "days", "feasts"))
CARE_VERB, MEET_VERB, PATIENT_VERB, COME_VERB = map(_class, ("care_verbs", "meet_verbs", "patient_verbs", "come_verbs"))
SETTING, VISIT, ARRIVAL = map(_class, ("settings", "visits", "arrivals"))
RECORD_LABEL, RECORD_WEAK, PUBLIC_NUMBER = map(_class, ("record_labels", "record_weak", "public_numbers"))
ADDRESS_WORD, HANDLE_WORD, ORGANISATION, MAILBOX, VEHICLE = map(
    _class, ("address_words", "handle_words", "organisations", "mailboxes", "vehicles")
)
PICTURE, SHOWN, UPLOADED, SHOWS_WHO = map(_class, ("pictures", "shown", "uploaded", "shows_who"))
UNIT, APPROXIMATE, THOUSAND = map(_class, ("units", "approximate", "thousand"))
ORDINARY, TITLE, DOCTOR, ABBREVIATION, CAPITAL_CONDITION = map(
    _class, ("ordinary_capitals", "titles", "doctors", "abbreviations", "capital_conditions")
)
GIVEN, AMBIGUOUS, SURNAME, VOCATIVE, PLACEHOLDER = map(_class, ("given", "ambiguous_given", "surnames", "vocatives", "placeholder"))
FIRST, ME, MYSELF, MY, MINE, OWN, US = map(_class, ("first", "me", "myself", "my", "mine", "own", "us_word"))
HE, HIM, HIS, THEIR, YOU, IT = map(_class, ("he", "him", "his", "their", "you", "it"))
ARTICLE, THE, WHO, BE, HAVE, AUX, PAST = map(_class, ("articles", "the", "who", "be", "have", "aux", "past"))
WITH, OF, TO, AND, ONE = map(_class, ("with", "of", "to", "and", "one"))
AGED, OLD, YEAR, YEARS, TURNED, BORN, BIRTH, BIRTHDAY, SEX = map(
    _class, ("aged", "old", "year", "years", "turned", "born", "birth", "birthday", "sex")
)
CALLED, LEAD, IN_PLACE, IN_STRICT, FROM = map(_class, ("said", "leads", "in_place", "in_strict", "from"))
RING, PROVIDER, AGREE, SO, SUFFERER, EMPLOYED, HELPED, SMALL_TITLE, BETWEEN = map(
    _class, ("ring", "providers", "agree", "so", "sufferers", "employed", "helped", "small_titles", "between")
)
AFTER_AGE, OLDER, MERELY, INEXACT_NOT, AT, SPAN, HE_IS, BEING = map(
    _class, ("after_age", "older", "merely", "inexact_not", "at", "span", "he_is", "being")
)
HERE, AGAIN, OLD_SHORT, YO, UNCLEAR_MONTH, AFTER_MAY = map(_class, ("here", "again", "old_short", "yo", "unclear_months", "after_may"))
INSIDE_NAME, INSIDE_END, FOR_TO, ON_PLACE, SAINT, HOUSE_WORD = map(
    _class, ("inside_names", "inside_ends", "for_to", "on_place", "saint", "house_words")
)
SMALL_STREET, SOLE, SUPERLATIVE, CITED_WITH, CONSULT, OUR, NETWORK = map(
    _class, ("small_streets", "sole", "superlatives", "cited_with", "consult", "our", "networks")
)
MAIL_AT, MAIL_DOT, NUMBER_WORD, FLAT, HOUSE_NUMBER = map(_class, ("email_at", "email_dot", "number_word", "flat", "house_number"))


ROLES = 1 << len(_NAMES)
"""Several who have an occupation: no list holds them. Without its apostrophe, "our mayors wife" reads so too."""


def pieces(text: str) -> list[tuple[str, str]]:
    """Return the words of a text in small ASCII letters, each with what an apostrophe cuts off: ``she's`` is ``she`` and ``s``."""
    return [split_tail(found.group()) for found in _PIECE.finditer(text)]


def split_tail(word: str) -> tuple[str, str]:
    """Return a word without its ending after an apostrophe, and that ending; a negation stays part of its word (``don't`` is ``dont``)."""
    stem, _, tail = word.partition("'")
    return (stem, tail) if tail in _TAILS else (word.replace("'", ""), "")


@cache
def lexicon(language: str) -> Lexicon:
    """Return the words of a language. Raises ``UnknownWordsError`` where its folder is missing, incomplete or holds a class that nothing asks for."""
    folder = _HERE / language
    if not language.isalpha() or not folder.is_dir():
        raise UnknownWordsError(f"no words for the language {language!r}")
    words: dict[str, int] = {}
    first = Node()
    special: dict[str, list[str]] = {}
    for name, entry in _entries(folder):
        if name == "numbers" or name in _LISTS:
            special.setdefault(name, []).append(entry)
            continue
        bit = _NAMES.get(name, 0)
        parts = [stem for stem, _ in pieces(entry.casefold())]
        if len(parts) == 1:
            words[parts[0]] = words.get(parts[0], 0) | bit
        else:
            _plant(first, parts, bit)
    numbers = dict(entry.rsplit(" ", 1) for entry in special["numbers"])
    lists = {name: frozenset(special[name]) for name in _LISTS}
    return Lexicon(
        MappingProxyType(words),
        MappingProxyType(first.following),
        MappingProxyType({word: int(value) for word, value in numbers.items()}),
        MappingProxyType(lists),
        MappingProxyType({name: tuple(listed) for name, listed in lists.items()}),
    )


def _plant(node: Node, parts: list[str], bit: int) -> None:
    for part in parts:
        node = node.following.setdefault(part, Node())
    node.bits |= bit


def _entries(folder: Path) -> Iterator[tuple[str, str]]:
    seen = set()
    for file in sorted(folder.glob("*.txt")):
        for line in filter(None, map(str.strip, file.read_text(encoding="utf-8").splitlines())):
            if line.startswith("#"):
                continue
            if file.stem == "grammar":
                name, _, listed = line.partition(":")
                entries = listed.split(",")
            else:
                name, entries = file.stem, [line]
            seen.add(name)
            yield from ((name, entry.strip()) for entry in entries)
    needed = {*_NAMES, *_LISTS, "numbers"}
    if seen != needed:
        raise UnknownWordsError(f"{folder.name}: missing {sorted(needed - seen)}, unknown {sorted(seen - needed)}")
