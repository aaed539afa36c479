"""A made-up discussion, the same on every machine; its shape, depths and lengths are like those of real talk pages.

Measured on 258 comments of two Wikipedia talk pages: 27 % begin a thread, 42 % answer a beginning, the rest goes down to depth 6; threads have
1 to 24 comments; texts have 36 to 8,330 characters, 320 in the median. The contenders post it.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WRITERS = 12
ROOT_EVERY = 4
ANSWERS_THE_ROOT = 0.45
DEPTH_MAX = 6
MEDIAN_LENGTH, LENGTH_SPREAD = 320, 0.9
SHORTEST, LONGEST = 40, 6000
_SYLLABLES = [
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "je",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "qui",
    "ro",
    "su",
    "ta",
    "ve",
    "wi",
    "xo",
    "zu",
    "bran",
    "clo",
    "der",
    "fin",
    "gra",
    "ler",
    "mon",
    "pri",
    "sol",
    "ten",
    "tur",
    "vis",
]


@dataclass(frozen=True)
class Comment:
    """A comment to be posted: its number from 1 on, the number of what it answers, its depth, its writer's number and its Markdown."""

    number: int
    parent: int | None
    depth: int
    writer: int
    text: str


def write_discussion(count: int, *, seed: int = 1) -> list[Comment]:
    """Return ``count`` comments in the order of posting; exactly a quarter of them, rounded up, begin threads."""
    chance = random.Random(seed)
    words = _vocabulary(chance)
    roots = -(-count // ROOT_EVERY)
    later = [number < roots for number in range(1, count)]
    chance.shuffle(later)
    said: list[Comment] = []
    thread_of: dict[int, list[Comment]] = {}
    for number, begins_thread in enumerate([True, *later], 1):
        # Whoever answers lands on any comment alike, and so in a long thread sooner than in a short one.
        thread = [] if begins_thread else thread_of[chance.randrange(1, number)]
        said.append(_comment(chance, words, number, _answered(chance, thread) if thread else None))
        thread.append(said[-1])
        thread_of[number] = thread
    return said


def write_more(discussion: Sequence[Comment], *, seed: int = 2) -> Iterator[Comment]:
    """Yield comments without end that follow ``discussion``: a quarter begin threads, the others answer any comment of it."""
    chance = random.Random(seed)
    words = _vocabulary(chance)
    number = len(discussion)
    while True:
        number += 1
        yield _comment(chance, words, number, chance.choice(discussion) if chance.randrange(ROOT_EVERY) else None)


def _answered(chance: random.Random, thread: Sequence[Comment]) -> Comment:
    if chance.random() < ANSWERS_THE_ROOT:
        return thread[0]
    return chance.choice([comment for comment in thread if comment.depth < DEPTH_MAX])


def _comment(chance: random.Random, words: Sequence[str], number: int, parent: Comment | None) -> Comment:
    return Comment(
        number, parent.number if parent else None, parent.depth + 1 if parent else 0, chance.randrange(WRITERS), _text(chance, words)
    )


def _vocabulary(chance: random.Random) -> list[str]:
    return ["".join(chance.choices(_SYLLABLES, k=chance.choice((1, 2, 2, 3, 3, 4)))) for _ in range(1500)]


def _text(chance: random.Random, words: Sequence[str]) -> str:
    length = min(LONGEST, max(SHORTEST, int(MEDIAN_LENGTH * chance.lognormvariate(0, LENGTH_SPREAD))))
    paragraphs: list[str] = []
    while length > 0:
        paragraphs.append(_paragraph(chance, words, min(length, chance.randrange(200, 700))))
        length -= len(paragraphs[-1])
    return "\n\n".join(paragraphs)


def _paragraph(chance: random.Random, words: Sequence[str], length: int) -> str:
    text = "> " if chance.random() < 0.1 else ""
    while len(text) < length:
        text += _sentence(chance, words) + " "
    return text.rstrip()


def _sentence(chance: random.Random, words: Sequence[str]) -> str:
    chosen = chance.choices(words, k=chance.randrange(5, 12))
    chosen[0] = chosen[0].capitalize()
    marked = chance.randrange(1, len(chosen))
    if chance.random() < 0.08:
        chosen[marked] = f"[{chosen[marked]}](https://example.org/{chosen[marked]})"
    elif chance.random() < 0.15:
        chosen[marked] = f"*{chosen[marked]}*"
    return " ".join(chosen) + "."
