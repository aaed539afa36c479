"""Characters that look like others, or like nothing: data for comparing texts, never for changing what is shown.

Every key is what is left of a character after NFKD and casefold. The pairs follow Unicode's confusables (UTS 39), chosen so that a word
and its capitals fold alike. Read by `fingerprint` and `limits`.
"""

_CYRILLIC = {
    0x0430: "a",  # cyrillic small letter a
    0x0432: "b",  # cyrillic small letter ve
    0x0433: "r",  # cyrillic small letter ghe
    0x0435: "e",  # cyrillic small letter ie
    0x043A: "k",  # cyrillic small letter ka
    0x043C: "m",  # cyrillic small letter em
    0x043D: "h",  # cyrillic small letter en
    0x043E: "o",  # cyrillic small letter o
    0x0440: "p",  # cyrillic small letter er
    0x0441: "c",  # cyrillic small letter es
    0x0442: "t",  # cyrillic small letter te
    0x0443: "y",  # cyrillic small letter u
    0x0445: "x",  # cyrillic small letter ha
    0x0455: "s",  # cyrillic small letter dze
    0x0456: "i",  # cyrillic small letter byelorussian-ukrainian i
    0x0458: "j",  # cyrillic small letter je
    0x04BB: "h",  # cyrillic small letter shha
    0x04CF: "l",  # cyrillic small letter palochka
    0x0501: "d",  # cyrillic small letter komi de
    0x051B: "q",  # cyrillic small letter qa
    0x051D: "w",  # cyrillic small letter we
}
_GREEK = {
    0x03B1: "a",  # greek small letter alpha
    0x03B2: "b",  # greek small letter beta
    0x03B3: "y",  # greek small letter gamma
    0x03B5: "e",  # greek small letter epsilon
    0x03B6: "z",  # greek small letter zeta
    0x03B7: "n",  # greek small letter eta
    0x03B9: "i",  # greek small letter iota
    0x03BA: "k",  # greek small letter kappa
    0x03BC: "u",  # greek small letter mu
    0x03BD: "v",  # greek small letter nu
    0x03BF: "o",  # greek small letter omicron
    0x03C1: "p",  # greek small letter rho
    0x03C3: "o",  # greek small letter sigma
    0x03C4: "t",  # greek small letter tau
    0x03C5: "u",  # greek small letter upsilon
    0x03C7: "x",  # greek small letter chi
    0x03C9: "w",  # greek small letter omega
}
_LATIN = {
    0x0131: "i",  # latin small letter dotless i
    0x0111: "d",  # latin small letter d with stroke
    0x0127: "h",  # latin small letter h with stroke
    0x0142: "l",  # latin small letter l with stroke
    0x00F8: "o",  # latin small letter o with stroke
    0x0167: "t",  # latin small letter t with stroke
    0x0185: "b",  # latin small letter tone six
    0x0192: "f",  # latin small letter f with hook
    0x0251: "a",  # latin small letter alpha
    0x0253: "b",  # latin small letter b with hook
    0x0261: "g",  # latin small letter script g
    0x0268: "i",  # latin small letter i with stroke
    0x0269: "i",  # latin small letter iota
    0x026A: "i",  # latin letter small capital i
    0x0274: "n",  # latin letter small capital n
    0x0280: "r",  # latin letter small capital r
    0x028F: "y",  # latin letter small capital y
    0x029C: "h",  # latin letter small capital h
    0x029F: "l",  # latin letter small capital l
    0xA731: "s",  # latin letter small capital s
}
_ARMENIAN = {
    0x0570: "h",  # armenian small letter ho
    0x0578: "n",  # armenian small letter vo
    0x057D: "u",  # armenian small letter seh
    0x0581: "g",  # armenian small letter co
    0x0585: "o",  # armenian small letter oh
}

CONFUSABLES = {**_CYRILLIC, **_GREEK, **_LATIN, **_ARMENIAN}
"""Code point of a letter to the ASCII letter it is read as: a table for `str.translate`."""

LEET = {ord(sign): letter for sign, letter in zip("013457@$", "oieastas", strict=True)}
"""Digits and signs that stand for a letter inside a word; a number or a price is left as it is."""

BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that print as nothing: Hangul fillers and the empty Braille cell."""
