"""What could tell who somebody in care is: each detector with positives and near misses, exact places, and bounded work on hostile texts."""

import json
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forum.moderation.screening.confidential import Detail, Details, find_details
from forum.moderation.screening.confidential.found import OLD_AGE_SCORE, SCORES
from forum.moderation.screening.confidential.tokens import unfold
from forum.moderation.screening.confidential.words import UnknownWordsError, lexicon, pieces

TUNING = Path(__file__).parents[2] / "data" / "confidentiality" / "tuning.jsonl"


def _told(text: str, kind: str) -> list[str]:
    return [text[detail.start : detail.end] for detail in find_details(text).found if detail.kind == kind]


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("contact", "You can ring him on 07700 900123 about the ketamine.", ["07700 900123"]),
        ("contact", "Call her at 520-555-0147, evenings only, she has MS.", ["520-555-0147"]),
        ("contact", "Her husband is on (555) 010-9988.", ["(555) 010-9988"]),
        ("contact", "Please call my patient's son on +44 7700 900456.", ["+44 7700 900456"]),
        ("contact", "Write to him: g.hollis@example.org, he has time.", ["g.hollis@example.org"]),
        ("contact", "He said it's rob dot tennick at example dot com.", ["rob dot tennick at example dot com"]),
        ("contact", "She is on jo(at)example(dot)net with her endo.", ["jo(at)example(dot)net"]),
        ("contact", "That's my client, look up @knit_carla, eating disorder.", ["@knit_carla"]),
        ("contact", "A gentleman at 14 Tanyard Lane needs insulin.", ["14 Tanyard Lane"]),
        ("contact", "Housebound MS patient, postcode ZZ9 4QT.", ["ZZ9 4QT"]),
        ("contact", "He drives a blue Fiesta, reg AB12 CDE, with his epilepsy.", ["AB12 CDE"]),
        ("record-number", "MRN 00482917, pelvic pain.", ["MRN 00482917"]),
        ("record-number", "pt hosp number RX771204, day 2", ["hosp number RX771204"]),
        ("record-number", "for NHS no. 999 123 4560, it's late", ["NHS no. 999 123 4560"]),
        ("record-number", "His policy (BUPX-5530-8841-K) covers eight.", ["policy (BUPX-5530-8841-K"]),
        ("record-number", "our case no. 2023/1187 at the clinic", ["case no. 2023/1187"]),
        ("record-number", "Her file says 078-05-1120 beside the code.", ["078-05-1120"]),
        ("named-patient", "My patient Sheila Hargreave swears by it.", ["Sheila Hargreave"]),
        ("named-patient", "I've been treating Mr Okonjo-Bright for a frozen shoulder.", ["Mr Okonjo-Bright"]),
        ("named-patient", "Saw Len Baxterley again, herniated disc at L5.", ["Len Baxterley"]),
        ("named-patient", "Doreen P. comes to me with her fibro.", ["Doreen P."]),
        ("named-patient", "T. J. Wexcombe, L4/5 fusion in spring.", ["T. J. Wexcombe"]),
        ("named-patient", "had rajesh malhotri in today w his SI joint", ["rajesh malhotri"]),
        ("named-patient", "Winifred Oakes' leg dressings are changed daily.", ["Winifred Oakes'"]),
        ("named-patient", "Peggy Lathbury was on a fentanyl patch.", ["Peggy Lathbury"]),
        ("named-patient", "My sister Chantelle tried to take her life.", ["Chantelle"]),
        ("named-patient", "The Pattersons in couples therapy stopped.", ["Pattersons"]),
        ("named-patient", "X-ray attached, I forgot to crop the name.", ["X-ray"]),
        ("age", "I treated a 67-year-old woman with gout.", ["67-year-old"]),
        ("age", "I saw a nineteen-year-old with pre-eclampsia.", ["nineteen-year-old"]),
        ("age", "36F from Invergloy, psychosis.", ["36F"]),
        ("age", "A client of mine, 44, has lupus.", ["44"]),
        ("age", "My patient is ninety-seven and fractured her hip.", ["ninety-seven"]),
        ("age", "He's 49 and on methadone.", ["49"]),
        ("age", "Lad of 13 with gout, sent to me.", ["13"]),
        ("age", "Female, born 1961, lupus.", ["born 1961"]),
        ("age", "She turned 106 in spring, diabetic.", ["turned 106"]),
        ("date", "My patient died on the 9th of August.", ["9th of August"]),
        ("date", "I saw him on March 3rd, 2019, with gout.", ["March 3rd, 2019"]),
        ("date", "My patient's operation was on 24/12/2021.", ["24/12/2021"]),
        ("date", "My client came on 2023-04-05.", ["2023-04-05"]),
        ("date", "dob 03.11.1951, copd", ["03.11.1951"]),
        ("date", "My patient fell on Boxing Day 2022.", ["Boxing Day"]),
        ("place", "I treated a woman from Nether Wallop.", ["Nether Wallop"]),
        ("place", "My client is from Stoke-on-Trent.", ["Stoke-on-Trent"]),
        ("place", "My client from leeds has gout.", ["leeds"]),
        ("place", "My patient died at the Fernley hospice.", ["Fernley hospice"]),
        ("place", "My patient teaches at Colburn Grammar.", ["Colburn Grammar"]),
        ("place", "A client of mine in a town of four thousand.", ["town of four thousand"]),
        ("role", "Our mayor came to me with his stenosis.", ["mayor"]),
        ("role", "Our mayors wife came to me for vaginismus.", ["mayors wife"]),
        ("role", "I treat the daughter of the swim coach.", ["daughter of the swim coach"]),
        ("role", "The last working blacksmith in the county is a patient of mine.", ["last working", "blacksmith"]),
        ("role", "Our village postwoman came to me with gout.", ["postwoman"]),
        ("condition", "My patient has giant cell arteritis.", ["giant cell", "arteritis"]),
        ("patient", "He came to me with gout.", ["came to me"]),
        ("patient", "He's been on my table since Easter, aged 52.", ["on my table"]),
        ("patient", "The boy I see is 7, with asthma.", ["I see"]),
    ],
)
def test_details_and_their_places(kind: str, text: str, expected: list[str]) -> None:
    assert _told(text, kind) == expected


@pytest.mark.parametrize(
    "text",
    [
        "I am 43 and have fibromyalgia. Dry needling made me worse.",
        "my own back pain since 3 May 2019, in Leeds",
        "As a patient in Stockport, aged 50, I left after 40 sessions.",
        "Paula here, 61, from Hexham. Two hip replacements, both fine.",
        "I'm the only midwife on this island, 52, and my knees hurt.",
        "Write me at x@y.example, or ring my practice: 020 7946 0000.",
        "We're a four-person practice in Totnes, 01632 960118.",
        "The Samaritans are on 116 123; in danger dial 999 for her.",
        "Write to the editor at letters@example.org about his patient.",
        "@SarahPhysio you said that she stopped taping.",
        "I'm HCPC registered, PH000000, look me up.",
        "PMID 99120044, doi 10.5555/12345678.2022.004, ISBN 978-0-00-000000-2, ISRCTN00000042 say that she is wrong.",
        "Amitriptyline 10 mg at night, 25 after two weeks, 3 x 12 at 70%, 1,200 steps.",
        "Quintner et al. 2015 treated patients in Adelaide on 3 May.",
        "A 2019 trial of 43 patients in Oslo, mean age 57, found nothing.",
        "The case report describes a 34-year-old man from Leeds with a dissection.",
        "Janet Travell mapped the patterns; Robin McKenzie's patient lay on the wrong couch in Wellington.",
        "The comedian Mara Quill talked about her own endometriosis on her podcast.",
        "My supervisor, Dr Philippa Moxon, used to say that silence heals depression.",
        "Patients over 65, women in their forties and runners between 40 and 50 in Leeds have gout.",
        "Imagine a 48-year-old nurse in Leeds with gout. She lives alone.",
        "If a patient told me he was the mayor of Leeds, aged 50, I'd treat him.",
        "I've changed every detail: a man of 52 from Leeds came to me with gout.",
        "Let's call her Anna Smith. My client Anna Smith had gout.",
        "Suppose Mrs Smith, 52, comes in from Leeds with gout.",
        "In 1846 Gilbert Abbott, 20, had a tumour removed in Boston.",
        "My dog Biscuit, 11, had surgery for dysplasia in Shrewsbury on 3 May.",
        "Thanks Dave, and well said, Mrs Ashdown, about depression.",
        "The pain meeting is on 14 May in Leeds, early bird until 1 March.",
        "A woman in her sixties with knee arthritis told me that stairs were easier backwards.",
        "My husband did his back in lifting the washing machine.",
        "A Baker's cyst and a Morton's neuroma: the Thomas test tells you neither.",
        "",
    ],
)
def test_what_may_be_said(text: str) -> None:
    details = find_details(text)
    assert details.score < 4, details.found


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("My patient is 52 and has lupus.", 5),
        ("My patient is 97 and has lupus.", 6),
        ("My patient is 52, has lupus, gout and asthma, and is 52.", 5),
        ("My patient, 52, from Goole, has lupus.", 7),
        ("My patient Sheila Hargreave has lupus.", 7),
        ("Our mayor came to me with lupus.", 4),
        ("My patient's hospital number is 4471902.", 8),
        ("I had a patient once whose pain vanished.", 3),
    ],
)
def test_each_kind_counts_once(text: str, score: int) -> None:
    assert find_details(text).score == score


def test_only_what_is_told_of_one_person_is_added() -> None:
    near = "My patient is 52. He lives in Goole. He has lupus."
    far = "My patient is 52." + " Some words about theory." * 8 + "\n\nThe weather was nice in Goole."
    assert find_details(near).score == 7
    assert find_details(far).score == 4
    two = "My patient is 52." + " Some words about theory." * 8 + " My client comes from Goole."
    assert find_details(two).score == 4


def test_the_writers_own_names_count_nothing() -> None:
    text = "My patient Sheila Hargreave has gout."
    assert find_details(text).score > find_details(text, own_names=frozenset({"SHEILA"})).score


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My p a t i e n t is 52.", ["p a t i e n t", "52"]),
        ("Ring him on ０７７００ ９００１２３.", ["０７７００ ９００１２３"]),
        ("Ring him on 07\u200b700 900\u00ad123.", ["07\u200b700 900\u00ad123"]),
        ("My p\u0430ti\u0435nt is 52.", ["p\u0430ti\u0435nt", "52"]),
        ("My \U0001f600 patient\u0301 is 52.", ["patient\u0301", "52"]),
        ("My patient Ｓｈｅｉｌａ Hargreave.", ["patient", "Ｓｈｅｉｌａ Hargreave"]),
        ("My patient **Sheila** Hargreave.", ["patient", "Sheila** Hargreave"]),
    ],
)
def test_disguised_letters_keep_their_places(text: str, expected: list[str]) -> None:
    found = [text[detail.start : detail.end] for detail in find_details(text).found]
    assert [one.removeprefix("My ").removeprefix("\U0001f600 ") for one in found] == expected


HOSTILE = {
    "digits": "7",
    "digits with spaces": "1 2 3 ",
    "at": "@",
    "mail": "a@",
    "mail with dots": "a.b@c.",
    "titles": "Mr ",
    "doctors": "Dr. A. ",
    "patients": "my patient ",
    "brackets": "([{",
    "one word": "a",
    "one long name": "Ab",
    "lines": "\n",
    "names on lines": "Mr A.\n",
    "dots": ".",
    "numbers with dots": "1.",
    "emoji": "\U0001f600",
    "marks": "e\u0301\u0302",
    "ligatures": "\ufb01\u00bd\ufdfa",
    "nothing seen": "\u200b",
    "aged": "aged ",
    "ages": "67-year-old ",
    "months": "March ",
    "dates": "3 March ",
    "slashes": "1/2/",
    "signs": "+1 ",
    "hyphens": "a-",
    "letters": "a ",
    "names": "Ann Bee's ",
    "capitals": "Aa ",
    "verbs": "I treated ",
    "labels": "case no. ",
    "spelt mail": "a dot b at ",
    "places": "in Leeds ",
    "hundreds": "hundred and ",
    "links": "http://a ",
    "apostrophes": "a'",
    "kin": "mayor's wife of the ",
    "underscores": "a_",
}
LENGTH = 60_000
STEPS_EACH = 80
STEPS_MORE = 2_000


def _filled(shape: str, length: int) -> str:
    return (shape * (length // len(shape) + 1))[:length]


@pytest.mark.parametrize("shape", HOSTILE.values(), ids=HOSTILE)
def test_work_is_bounded_and_linear(shape: str) -> None:
    half = find_details(_filled(shape, LENGTH // 2)).steps
    whole = find_details(_filled(shape, LENGTH)).steps
    assert half >= LENGTH // 2
    assert whole <= STEPS_EACH * LENGTH + STEPS_MORE
    assert whole <= 2.1 * half + STEPS_MORE


WORDS = "my patient Mr Ann Bee's 67-year-old in Leeds on 3 March 1/2/2020 a@b.c 07700 900123 I treated MRN #1234 . , ( ) \n @ - ' of the mayor Dr J."


@settings(deadline=None, max_examples=300)
@given(st.text(st.characters(), max_size=120) | st.lists(st.sampled_from(WORDS.split(" ")), max_size=40).map(" ".join))
def test_any_text_has_details_that_add_up(text: str) -> None:
    details = find_details(text)
    best: dict[str, int] = {}
    edge = 0
    for detail in details.found:
        assert edge <= detail.start < detail.end <= len(text)
        assert detail.score in (SCORES[detail.kind], OLD_AGE_SCORE if detail.kind == "age" else 0)
        edge = detail.end
        best[detail.kind] = max(best.get(detail.kind, 0), detail.score)
    assert details.score == sum(best.values())
    assert details.steps >= len(text)
    assert find_details(text) == details


PARTS = (
    f"{WORDS} We met in Rome in May 1990 . he she her someone an old man born on 4 June , the mayor died of cancer in the town of 3000 ."
)


def _look_thoroughly(text: str) -> Details:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("forum.moderation.screening.confidential.details._is_of_nobody", lambda _page: False)
        return find_details(text)


def test_where_nobody_is_told_of_less_is_looked_at() -> None:
    text = "We met in Rome, in Paris and at Oslo University on 3 March. " * 20
    assert find_details(text).steps < 0.9 * _look_thoroughly(text).steps


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(PARTS.split(" ")), max_size=30).map(" ".join))
def test_what_is_passed_over_because_nobody_is_told_of_tells_nothing(text: str) -> None:
    details, thorough = find_details(text), _look_thoroughly(text)
    assert (details.score, details.found) == (thorough.score, thorough.found)
    assert details.steps <= thorough.steps + len(text)


def test_answers_are_values() -> None:
    with pytest.raises(FrozenInstanceError):
        Detail("age", 0, 1, 2).score = 3  # type: ignore[misc]
    assert find_details("") == Details()


def test_a_language_is_a_folder() -> None:
    words = lexicon("en")
    assert lexicon("en") is words
    for missing in ("xx", "..", "en/", ""):
        with pytest.raises(UnknownWordsError):
            find_details("My patient", language=missing)
    assert pieces("she's don't o'brien post-op") == [("she", "s"), ("dont", ""), ("obrien", ""), ("post", ""), ("op", "")]
    assert unfold("\u0430\uff11\u2019s") == ("a1's", [0, 1, 2, 3, 4])


def test_tuned_words_still_tell_the_tuning_part() -> None:
    rows = [json.loads(line) for line in TUNING.read_text(encoding="utf-8").splitlines()]
    flagged = [row["identifying"] for row in rows if find_details(row["text"]).score >= 4]
    assert sum(flagged) >= 0.9 * len(flagged)
    assert sum(flagged) >= 0.9 * sum(row["identifying"] for row in rows)
