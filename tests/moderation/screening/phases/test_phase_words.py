"""The word lists: what is held, what is reported, and what ordinary talk must not run into."""

import pytest

from forum.moderation.screening.context import ScreeningContext
from forum.moderation.screening.entries import BadEntry
from forum.moderation.screening.phases.words import look
from forum.moderation.screening.rules import Rules, default_rules
from forum.moderation.screening.spellings import hide_names

RULES = Rules(banned=("harassment: you (are|re) an idiot", "idiot*", "promotion: buy now"), suspect=("promotion: *% off", "cheap"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("You are right.", []),
        ("You are an idiot", [("hold", "harassment"), ("hold", "other")]),
        ("idiotic", [("hold", "other")]),
        ("cheap, 20% off", [("report", "promotion"), ("report", "other")]),
        ("Buy now, cheap", [("hold", "promotion"), ("report", "other")]),
    ],
)
def test_one_finding_for_each_list_and_reason(text: str, expected: list[tuple[str, str]]) -> None:
    found = look(ScreeningContext(text, rules=RULES))
    assert [(finding.outcome, finding.reason) for finding in found] == expected


def test_a_finding_names_the_entries_and_the_words_of_the_text() -> None:
    first, *_ = look(ScreeningContext("Well, YOU  are an \u0456diot!", rules=RULES))
    assert first.matches == ("you are an idiot",)
    assert first.detail == "Words on the list of banned words: you are an idiot."
    assert first.code == "banned-words"


NO_WORDS = {
    "{price}": "It costs £30.",
    "{email}": "Write to anna@example.org.",
    "{phone}": "Ring 020 5550 1234.",
    "{handle}": "Ask @whale_pump.",
    "{percent}": "About 20 % of them.",
    "{mark}": "Zelvaro® helps.",
    "{brand}": "The FlexiGold belt.",
    "{shout}": "Now!!",
    "{link}": "See https://strange.example/a.",
}


@pytest.mark.parametrize(("name", "text"), NO_WORDS.items())
def test_what_is_no_word_is_found_by_its_name_and_not_by_the_word_in_it(name: str, text: str) -> None:
    (found,) = look(ScreeningContext(text, rules=Rules(suspect=(name,))))
    assert found.matches == (name,)
    bare = name.strip("{}")
    assert look(ScreeningContext(text, rules=Rules(suspect=(bare, f"{bare}*", f"*{bare[1:]}")))) == ()
    for written in (name, hide_names(name)):
        assert look(ScreeningContext(f"He wrote {written} there.", rules=Rules(suspect=(name,)))) == ()


def test_a_list_that_cannot_be_read_is_an_error_and_no_pass() -> None:
    with pytest.raises(BadEntry):
        look(ScreeningContext("a", rules=Rules(banned=("*",))))


@pytest.mark.parametrize(
    "text",
    [
        "This is nonsense, and the study is garbage.",
        "I doubt it. Show me the data.",
        "A pain killer helps for an hour; the placebo did as well.",
        "Reiki is quackery and homeopathy is bunk.",
        "Breast oedema, penile fracture and an anal fissure in one clinic.",
        "Sexual dysfunction is common after opioids. Viagra (sildenafil) did little.",
        "He was prescribed tramadol and bought it at the pharmacy with his prescription.",
        "You are wrong about the dose, and the argument is stupid.",
        "Scunthorpe, Essex, Penistone, the therapist and a cocktail of peacocks.",
        "Is this an advertisement? Who sells the device, and at what price?",
        "The casino staff had back trouble; I would not bet on massage.",
        "My clinic changed its programme and our dropout fell by 20%.",
        "Shame on the editors. How did this get past peer review?",
        "It killed my back, and I could not work for a week.",
        "Every one of the 12 patients went home. Click on figure 2 to see it.",
        "I teach a course on this, so weigh what I say accordingly.",
        "Calling the author a greedy quack is out of order. The claim is still wrong.",
        "Being called an idiot by a stranger doesn't change my mind.",
        "I paid for twelve sessions at a clinic in Leeds, and each helped for a day.",
        "The opioid withdrawal took eight weeks at two tablets a day.",
    ],
)
def test_ordinary_and_blunt_texts_pass_the_shipped_lists(text: str) -> None:
    assert look(ScreeningContext(text, rules=default_rules())) == ()


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("You're an absolute idiot", "hold"),
        ("what a m0r0n", "hold"),
        ("k i l l  y o u r s e l f", "hold"),
        ("go kill yourself", "hold"),
        ("f**k off", "hold"),
        ("Someone should break your legs", "hold"),
        ("Cheap Vi\u0430gra, no prescription needed, worldwide shipping", "hold"),
        ("Online casino bonus, free spins, join now", "hold"),
        ("Payday loans with instant approval", "hold"),
        ("Earn $5000 a week from home", "hold"),
        ("I invested in bitcoin with an expert trader, guaranteed profit", "hold"),
        ("SEO services and backlinks from $49", "hold"),
        ("Message us on WhatsApp +44 7700 900123", "hold"),
        ("Book now at my clinic, 20% off the first session with code BACK20", "report"),
        ("DM me for the price list of my course", "report"),
        ("Shut up.", "report"),
        ("What you have shown is that you are, and remain, a complete simpleton", "report"),
        ("Did you even finish primary school?", "report"),
        ("We know where you park. Sleep tight.", "hold"),
        ("Our capsules are patented, and there are only six places left. Get in touch!", "report"),
        ("I was sceptical until I tried FlexiGold. You can order it from the maker.", "report"),
        ("Parlay tips, sure wins guaranteed", "report"),
        ("Nice blog, keep it up! my-carpets-in-dubai.com", "report"),
        ("N0nsense, as eve4ybody kn0ws", "report"),
    ],
)
def test_attacks_and_advertising_do_not(text: str, outcome: str) -> None:
    found = look(ScreeningContext(text, rules=default_rules()))
    assert found
    assert found[0].outcome == outcome


def test_disguised_letters_are_looked_for_where_no_entry_is_found() -> None:
    rules = Rules(suspect=("zebra",))
    (disguised,) = look(ScreeningContext("N\u043et \u0441lear", rules=rules))
    assert (disguised.code, disguised.outcome) == ("disguised-letters", "report")
    assert [finding.code for finding in look(ScreeningContext("zebra \u0441lear", rules=rules))] == ["suspect-words"]
    assert look(ScreeningContext("N\u043et \u0441lear", rules=Rules())) == ()
