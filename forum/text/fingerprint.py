"""Tells when two texts are the same, however they are spaced, cased or spelt with look-alikes.

`fold` is for comparing only: both sides are folded, and what a person sees is never the fold. Called by screening (word lists, repeated
posts) and by name checks. Costs are linear in the length of the text.
"""

import re
import unicodedata
from functools import lru_cache
from hashlib import sha256

from forum.text.lookalikes import BLANKS, CONFUSABLES, LEET

_UNSEEN = frozenset({"Mn", "Me", "Cf", "Cs"})
_NO_SOUND_MARKS = dict.fromkeys(map(ord, "\uff9e\uff9f"))
_READ_AS = CONFUSABLES | dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ")
# Letters, digits and underscores, with @ and $ only between them: "c@sh" is a word, "@anna" and "$100" are not.
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_WORD = re.compile(r"\w+(?:[@$]\w+)*")
_SIGNS = re.compile(r"[\W_]+")
_LEET = re.compile("[" + "".join(map(chr, LEET)) + "]")


@lru_cache(maxsize=4096)
def _see(char: str) -> str:
    is_seen = unicodedata.category(char) not in _UNSEEN and not unicodedata.combining(char) and char not in BLANKS
    return char if is_seen else ""


def _visible(text: str) -> str:
    # Everything in ASCII is seen, and most of a text is.
    return text if text.isascii() else _FOREIGN.sub(lambda found: _see(found.group()), text)


def _unleet(word: re.Match[str]) -> str:
    spelt = word.group()
    # Most words are nothing but letters, and no letter is leet.
    return spelt if spelt.isalpha() or not any(char.isalpha() for char in spelt) else spelt.translate(LEET)


# One post asks for the fold of its text three times.
@lru_cache(maxsize=16)
def fold(text: str) -> str:
    """Return `text` as it is compared: compatible forms, case, accents, look-alikes and common leet made one, spaces collapsed.

    Invisible characters are dropped. Idempotent; linear in the length of `text`, whatever marks are stacked in it.
    """
    # Marks go before NFKD as well: sorting a long run of them is quadratic in CPython (15 s for 100,000).
    bare = _visible(text.translate(_NO_SOUND_MARKS))
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", bare).casefold())
    lettered = _visible(plain).translate(_READ_AS)
    # Word by word only where there is leet at all.
    spelt = _WORD.sub(_unleet, lettered) if _LEET.search(lettered) else lettered
    return " ".join(spelt.split())


def fingerprint(text: str) -> str:
    """Return the SHA-256 (64 hex digits) of the letters and digits of the folded text; of its signs when it has nothing else."""
    folded = fold(text)
    kept = _SIGNS.sub("", folded) or folded.replace(" ", "")
    return sha256(kept.encode()).hexdigest()
