"""The spellings under which a text is compared with word lists: as it is read, with s p a c e d words closed up, stretched letters let go.

Works on folded text, so case, accents, look-alikes and leet are one already. A text has one spelling in the usual case and never more than
``MOST``; none is longer than the folded text and each costs one pass, so the cost is linear. Called by `context`, `entries` and the phases.
"""

import html
import re
from collections.abc import Iterable
from functools import lru_cache

from forum.text.fingerprint import fold

MOST = 18
"""Spellings of one text: as written, without marks inside words, closed up in three ways, turned; each also with stretched letters once and twice."""

_ONE_SIGN = str.maketrans(dict.fromkeys("’‘‛ʼʻ`´′", "'") | dict.fromkeys("£€¥₹₽₿¢", "$"))
# What is looked for begins these two patterns, and what stands before it is looked at afterwards: so a text without it is passed over at once.
_IN_WORD_APOSTROPHE = re.compile(r"'(?<=\w')(?=\w)")
_FOREIGN_SIGNS = re.compile(r"[^\w\x00-\x7f]")
# A picture inside a word hides a letter, as * does.
_IN_WORD_PICTURE = re.compile(r"(?<=[^\W\d_])[\u2600-\u27bf\U0001f300-\U0001faff](?=[^\W\d_])")
# Marks that Markdown makes invisible inside a word: v**i**agra is read as one word.
_IN_WORD_MARKS = re.compile(r"[*~`\\](?<=[^\W_].)[*~`\\]*(?=[^\W_])")
# Three or more single letters, each followed by a short separator: v i a g r a, v.i.a.g.r.a, f-r-e-e.
_ONE = r"(?:[^\W_]|[@$])"
_BETWEEN = r"[^\w@$'’]|_"
_SPACED = re.compile(rf"(?<![^\W_]){_ONE}(?:(?:{_BETWEEN}){{1,3}}{_ONE}(?![^\W_])){{2,}}")
# The same with one separator throughout: "b.u.y n.o.w" are two words.
_EVEN = re.compile(rf"(?<![^\W_]){_ONE}((?:{_BETWEEN}){{1,3}}){_ONE}(?![^\W_])(?:\1{_ONE}(?![^\W_]))+")
_ONE_ALONE = re.compile(r"[\W_][\w@$][\W_]")
_WIDE_GAP = re.compile(r"\s{2,}|\n")
_SEPARATORS = re.compile(r"[^\w@$]+|_+")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_THRICE = re.compile(r"(\w)\1\1")

_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
# Whole alphabets that only decorate or disguise: what the fold leaves of them is no letter, or one that nobody here writes a language with.
_SMALL_CAPITALS = "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡ\0ʏᴢ"
_SYLLABICS = "ᗩᗷᑕᗪᗴᖴᘜᕼ\0ᒍ\0ᒪᗰᑎ\0ᑭᑫᖇᔕ\0ᑌᐯᗯ᙭\0ᘔ"
_LISU = "ꓮꓐꓚꓓꓰꓝꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑ\0ꓣꓢꓔꓴꓦꓪꓫꓬꓜ"
_CHEROKEE = "ᎪᏴᏟᎠᎬ\0ᏀᎻ\0ᎫᏦᏞᎷ\0\0ᏢᏄᏒᏚᎢ\0ᏙᎳ\0ᎩᏃ"
_COPTIC = "ⲁⲃⲥⲇⲉ\0\0\0ⲓ\0ⲕ\0ⲙⲛⲟⲣ\0\0\0ⲧⲩ\0ⲱⲭ\0ⲍ"
_STRAYS = dict(zip("ᎡᎥᏆᏔʂɳɲɱƙƭƥɗɠɦɬɍʐȥƈɛʋƨəǝɐяиєпшьћ∂ռզյ", "riiwsnnmktpdghlrzzcevseearnenwbhdnqj", strict=True))


def _shapes() -> dict[int, str]:
    shapes: dict[int, str] = {}
    for alphabet in (_SMALL_CAPITALS, _SYLLABICS, _LISU, _CHEROKEE, _COPTIC):
        shapes |= {ord(shape): letter for shape, letter in zip(alphabet, _ALPHABET, strict=True) if shape != "\0"}
    # Cherokee has small letters, which are what its capitals are folded from.
    shapes |= {ord(chr(code).lower()): letter for code, letter in shapes.items() if 0x13A0 <= code <= 0x13F5}
    shapes |= {ord(shape): letter for shape, letter in _STRAYS.items()}
    for place, letter in enumerate(_ALPHABET):
        # Negative circled, negative squared and regional indicator letters.
        shapes |= {start + place: letter for start in (0x1F150, 0x1F170, 0x1F1E6)}
    return shapes


_SHAPES = _shapes()
_SHAPES |= {ord(chr(code).upper()): letter for code, letter in _SHAPES.items() if len(chr(code).upper()) == 1}
_UNUSUAL = re.compile("[" + "".join(map(chr, _SHAPES)) + "]")
_TURNED = str.maketrans("ɐqɔpǝɟƃɓɥᴉıɾʞlʅɯuodbɹsʇnʌʍʎz¡˙", "abcdefgghiijkllmnopqrstuvwyz!.")
_TURNED_SIGNS = re.compile("[ɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎ]")
_MOST_TURNED_APART = 3


def plain(folded: str) -> str:
    """Return folded text in which every character beyond ASCII is a letter or a digit, no apostrophe is in a word, and every currency is $.

    RE2 then finds the ends of words with small ASCII classes; Unicode's classes would make a list of words a hundred times larger.
    """
    straight = _IN_WORD_APOSTROPHE.sub("", folded.translate(_ONE_SIGN))
    return straight if straight.isascii() else _FOREIGN_SIGNS.sub(" ", straight)


def fold_shapes(text: str) -> str:
    """Return ``text`` folded, decorative alphabets too: both sides of a comparison."""
    return fold(text if text.isascii() else _IN_WORD_PICTURE.sub("*", _UNUSUAL.sub(_shape, text)))


def _shape(char: re.Match[str]) -> str:
    return _SHAPES[ord(char.group())]


def spell(text: str) -> tuple[str, ...]:
    """Return the spellings of ``text``, plain and without repetitions, the one as written first."""
    read = html.unescape(text) if "&" in text else text
    folded = fold_shapes(read)
    unmarked = _IN_WORD_MARKS.sub("", folded)
    found = [plain(one) for one in dict.fromkeys((folded, unmarked))]
    if not read.isascii() and len(_TURNED_SIGNS.findall(read)) > _MOST_TURNED_APART:
        found.append(plain(fold(read.casefold()[::-1].translate(_TURNED))))
    if _ONE_ALONE.search(folded) and _SPACED.search(folded):
        found += _close_up(read)
    found += [other for one in dict.fromkeys(found) if _THRICE.search(one) and _STRETCHED.search(one) for other in _let_go(one)]
    return tuple(dict.fromkeys(found))


def _close_up(text: str) -> list[str]:
    # A wider gap ends a word ("b u y   n o w"), so the pieces between wide gaps are folded apart: folding would make the gaps alike.
    pieces = [fold_shapes(piece) for piece in _WIDE_GAP.split(text)]
    # "a f r e e trial" has an article before the word.
    ways = ((_EVEN, _join), (_EVEN, _join_after_first), (_SPACED, _join))
    closed = (" ".join(run.sub(join, piece) for piece in pieces) for run, join in ways)
    # Closing up can bring digits beside letters (v 1 a g r a), hence the second fold.
    return [plain(fold(one)) for one in closed]


def _join(run: re.Match[str]) -> str:
    return _SEPARATORS.sub("", run.group())


def _join_after_first(run: re.Match[str]) -> str:
    spelt = run.group()
    return f"{spelt[0]} {_SEPARATORS.sub('', spelt[1:])}" if spelt[:2] in ("a ", "i ") else _join(run)


def _let_go(spelling: str) -> tuple[str, str]:
    return _STRETCHED.sub(r"\1", spelling), _STRETCHED.sub(r"\1\1", spelling)


_URL = re.compile(r"(?:https?|hxxps?)://\S+|www\.\S+|\bdoi:\S+|\b10\.\d{4,5}/\S+", re.IGNORECASE)
_URL_SIGNS = ("://", "doi:", "www.", "10.")
_EMAIL = re.compile(r"[\w.+\-]{1,64}\s?(?:@|\(at\)|\[at\])\s?[\w\-]{1,63}\s?(?:\.|\(dot\)|\[dot\])\s?[a-z]{2,}", re.IGNORECASE)
_EMAIL_SIGNS = ("@", "(at)", "[at]")
_PHONE = re.compile(r"(?<![\w./,#€£$-])(?:\+|\(?0|\(?[1-9]\d{2}\)?[ -])[\d ()./-]{5,20}\d(?![\w%]|[.,]\d)")
_DATE = re.compile(r"\b(?:19|20)\d\d\s?[-/–]\s?(?:19|20)?\d\d\b")
_DIGIT = re.compile(r"\d")
_SIGNS = {
    "{handle}": re.compile(r"(?<![\w.@/])@[a-z_][\w.]{2,30}", re.IGNORECASE),
    "{price}": re.compile(
        r"[$£€]\s?\d|\d\s?(?:[$£€]|(?:usd|eur|gbp|dollars|euros|pounds|quid|bucks|kronor|kroner|sek|nok|dkk|chf|francs|zloty|rupees|naira)\b)",
        re.IGNORECASE,
    ),
    "{mark}": re.compile(r"\w\s?[™®℠]|\w\((?:tm|r)\)", re.IGNORECASE),
    "{percent}": re.compile(r"\d\s?(?:%|percent\b|per cent\b)", re.IGNORECASE),
    "{brand}": re.compile(
        r"\b(?!Mc|Mac|PubMed|You[Tt]ube|Pay[Pp]al|Med[Rr]xiv|What[Ss]|Java|Link[A-Z]|Face|Git|Power|Research|Open|Psyc|De[A-Z])"
        r"[A-Z][a-z]{2,}[A-Z][a-z]{2,}"
        r"|\b(?!Mayo|Cleveland|Alexander|Bowen|Public|Mental|Global|National|World|Women|The|This|A |My|Our|Your|Physical|Manual|Massage|Cognitive)"
        r"[A-Z][\w-]+ (?:[A-Z][\w-]+ )?(?:Clinic|Studio|Academy|Wellness|Physio|Method|Formula|Protocol|Program(?:me)?|System|Labs|Pro|Plus"
        r"|Max|Forte|Gold|Deluxe|Ultra|Drops|Patch|Cream|Oil|Gel|Capsules|Collagen|Retreat|Reset|Reboot|Masterclass|Valley|Naturals|Organics"
        r"|Nutrition|Spa|Chiropractic|Osteopathy|Recovery|Bundle|Mat|Ring|Belt|Pen|Cushion|Pillow|Spray|Therapy|Technique)\b"
    ),
    "{shout}": re.compile(r"!!|(?:\b[A-Z]{3,}\b[\W\d_]*){5}"),
}
# What a text has to hold before it is worth looking for a sign in it: each is found or missed in one quick pass, and most texts have none of them.
_WORTH_LOOKING = {
    "{handle}": re.compile("@"),
    "{price}": _DIGIT,
    "{mark}": re.compile("[™®℠(]"),
    "{percent}": _DIGIT,
    "{brand}": re.compile(r"[A-Z](?:(?<=[\w-] .)|[a-z]+[A-Z])"),
    "{shout}": re.compile("[A-Z!]{2}"),
}
_FEWEST_DIGITS, _MOST_DIGITS = 7, 15
_NAMES = ("{phone}", "{email}", "{link}", *_SIGNS)
# Characters for private use, which no plain text has: otherwise the word "price" would be found in the name {price}.
_AS_PRIVATE = {name: f"\ue000{chr(0xE001 + place)}" for place, name in enumerate(_NAMES)}


def signs(text: str, *, has_link: bool = False) -> str:
    """Return what a text holds that no word list can say, as words of entries: ``{phone} {email} {handle} {price} {percent} {mark} {brand} {shout} {link}``.

    They are compared as ``hide_names`` writes them.
    """
    bare, emails = _without_addresses(text)
    found = ["{email}"] if emails else []
    digits = (sum(map(str.isdigit, match.group())) for match in _PHONE.finditer(_DATE.sub(" ", bare))) if _DIGIT.search(bare) else ()
    if any(_FEWEST_DIGITS <= count <= _MOST_DIGITS for count in digits):
        found.append("{phone}")
    found += (name for name, pattern in _SIGNS.items() if _WORTH_LOOKING[name].search(bare) and pattern.search(bare))
    return " ".join([*found, "{link}"] if has_link else found)


def hide_names(text: str) -> str:
    """Return ``text``, the names of what no word list can say written so that no word is found in them."""
    return _replace(text, _AS_PRIVATE.items()) if "{" in text else text


def show_names(compared: str) -> str:
    """Undo ``hide_names``."""
    return compared if compared.isascii() else _replace(compared, ((private, name) for name, private in _AS_PRIVATE.items()))


def _replace(text: str, pairs: Iterable[tuple[str, str]]) -> str:
    for old, new in pairs:
        text = text.replace(old, new)
    return text


@lru_cache(maxsize=16)
def _without_addresses(text: str) -> tuple[str, int]:
    """Return a text without web and mail addresses, and how many mail addresses it had."""
    # Both patterns are tried at each word, and few texts have what every address has.
    small = text.lower()
    bare = _URL.sub(" ", text) if any(sign in small for sign in _URL_SIGNS) else text
    return _EMAIL.subn(" ", bare) if any(sign in small for sign in _EMAIL_SIGNS) else (bare, 0)


_CYRILLIC, _LATIN_LETTER = r"[\u0400-\u052f]", r"[A-Za-z]"
_ALIKE = "[ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαειηκνορτυχω]"
_DISGUISES = re.compile(
    rf"{_LATIN_LETTER}{_CYRILLIC}|{_CYRILLIC}{_LATIN_LETTER}"
    rf"|[a-z]{_ALIKE}+[a-z]|\b[A-Z]?{_ALIKE}[a-z]{{3,}}"
    r"|[\u13a0-\u13ff\uab70-\uabbf\ua4d0-\ua4ff\u1400-\u167f\u2c80-\u2cff]{2}"
    # Alphabets of mathematics, full-width, circled, squared, small capital, raised and struck letters, three or more together.
    r"|[\U0001d400-\U0001d7ff]{3}|[\uff21-\uff5a]{3}|(?:[\u24b6-\u24e9\U0001f110-\U0001f189\U0001f1e6-\U0001f1ff] ?){4}"
    r"|[ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ]{3}|[\u02b0-\u02b8\u1d2c-\u1d6a]{4}|(?:[A-Za-z][\u0334-\u0338]){3}"
    # Signs that are not seen, between letters one by one.
    r"|\u202e|(?:\w[\u00ad\u200b-\u200d\u2060\ufeff]){2}\w"
)
# Six single letters, or five with signs between them: a word that is spelt out.
_SPELT_OUT = re.compile(
    r"(?<![^\W\d_])[^\W\d_](?=[\W_])(?:(?:(?:[^\w'’\n,;:()]|_){1,3}[^\W\d_](?![^\W\d_])){5}|(?:[._*~|/-][^\W\d_](?![^\W\d_])){4})"
)
_LEET_WORD = re.compile(r"(?<![\w.@/-])(?:0|[a-z]*[a-z][013457@$!])[a-z]+(?:[013457@$!][a-z]*)*(?![\w@/-])")
_LEET = re.compile("[013457@$!]")
_FEWEST_LEET = 2


def is_disguised(text: str) -> bool:
    """Tell whether words are written in letters that only look like letters: mixed scripts, decorative alphabets, hidden signs, leet."""
    if not text.isascii() and (_DISGUISES.search(text) or len(_TURNED_SIGNS.findall(text)) > _MOST_TURNED_APART):
        return True
    bare, _ = _without_addresses(text)
    if _SPELT_OUT.search(bare) is not None:
        return True
    return (
        _LEET.search(bare) is not None
        and len({word for word in _LEET_WORD.findall(bare) if len(word) > _MOST_TURNED_APART}) >= _FEWEST_LEET
    )
