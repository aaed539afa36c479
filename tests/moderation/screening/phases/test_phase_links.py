"""Links, by who writes them and where they lead."""

from datetime import timedelta

import pytest

from forum.moderation.screening.context import ScreeningContext, WriterFacts
from forum.moderation.screening.phases.links import look
from forum.moderation.screening.rules import Rules, default_rules

RULES = Rules(blocked_domains=("bad.example", "*.top"), trusted_domains=("doi.org", "*.edu"), address_words=("*casino*",), many_links=3)
NEW = WriterFacts(account_age=timedelta(hours=1), accepted_count=0)
OLD = WriterFacts()


@pytest.mark.parametrize(
    ("text", "writer", "codes"),
    [
        ("no link", NEW, []),
        ("https://doi.org/10.1/x", NEW, []),
        ("https://www.doi.org/10.1/x and http://med.x.edu/", NEW, []),
        ("https://blog.example.org/", OLD, []),
        ("https://blog.example.org/", NEW, ["new-account-link"]),
        ("see blog-of-mine.com", NEW, ["new-account-link"]),
        ("blog-of-mine (dot) com", NEW, ["new-account-link"]),
        ("https://bad.example/x", OLD, ["blocked-domain"]),
        ("https://deep.BAD.example:8080/x", OLD, ["blocked-domain"]),
        ("https://notbad.example/x", OLD, []),
        ("https://cheap.top", OLD, ["blocked-domain"]),
        ("https://bad\u200b.example", OLD, ["blocked-domain"]),
        ("https://ｂａｄ.example", OLD, ["blocked-domain"]),
        ("https://doi.org@bad.example/x", OLD, ["blocked-domain"]),
        ("https://doi.org/go?to=https%3A%2F%2Fbad.example", OLD, ["blocked-domain"]),
        ("https://d\u043ei.org/10.1/x", NEW, ["new-account-link"]),
        ("https://best-c4sino.example.org/", OLD, ["address-words"]),
        ("https://a.example.org https://b.example.org https://c.example.org", OLD, ["many-links"]),
        ("https://doi.org/1 https://doi.org/2 https://doi.org/3 https://doi.org/4", OLD, []),
    ],
)
def test_links(text: str, writer: WriterFacts, codes: list[str]) -> None:
    found = look(ScreeningContext(text, rules=RULES, writer=writer))
    assert [finding.code for finding in found] == codes
    assert all(finding.outcome == ("report" if finding.code == "many-links" else "hold") for finding in found)


@pytest.mark.parametrize(
    ("age", "accepted", "is_new"),
    [(timedelta(days=2, hours=23), 100, True), (timedelta(days=3), 1, False), (timedelta(days=3), 0, True)],
)
def test_new_is_young_or_without_accepted_comments(age: timedelta, accepted: int, is_new: bool) -> None:
    writer = WriterFacts(account_age=age, accepted_count=accepted)
    assert bool(look(ScreeningContext("https://blog.example.org/", rules=RULES, writer=writer))) is is_new


def test_the_articles_author_may_link() -> None:
    assert look(ScreeningContext("https://bad.example/", rules=RULES, writer=WriterFacts(is_article_author=True))) == ()


@pytest.mark.parametrize(
    "address",
    [
        "https://pubmed.ncbi.nlm.nih.gov/21727288/",
        "https://www.cochranelibrary.com/cdsr/doi/10.1002/14651858.CD009873",
        "https://www.nhs.uk/conditions/back-pain/",
        "https://www.thelancet.com/journals/lancet/article/x",
        "https://en.wikipedia.org/wiki/Massage",
        "https://research.manchester.ac.uk/en/",
    ],
)
def test_the_shipped_lists_trust_what_is_cited(address: str) -> None:
    assert look(ScreeningContext(address, rules=default_rules(), writer=NEW)) == ()
