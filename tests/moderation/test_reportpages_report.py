"""Reporting a comment through the pages: the choices, disagreement that leads to the tags, receipts, and that no typed note is lost."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from forum.access.viewer import Role
from forum.accounts.models import SignIn
from forum.db.transaction import reading, writing
from forum.moderation.models import Report
from forum.moderation.reasons import REASONS
from tests.conftest import PASSWORD, Person, add_account
from tests.journeys.reader import Reader
from tests.moderation.staging import browse, decide, post

pytestmark = pytest.mark.postgresql_slow

NOTE = "The second line & <the photograph>."


@pytest.fixture
def people(person: Callable[..., Person]) -> dict[str, Person]:
    """A writer, a reader and a moderator."""
    return {name: person(name, Role.MODERATOR if name == "moda" else Role.MEMBER) for name in ("anna", "ben", "moda")}


@pytest.fixture
def comment_id(people: dict[str, Person], article: Callable[..., int]) -> int:
    """A comment by Anna."""
    return post(people["anna"], article(), "The marker-text of Anna.", stance="skepticism")


@pytest.fixture
def reader(app: Flask) -> Reader:
    """A reader whom nobody knows."""
    return Reader(app.test_client())


@pytest.fixture
def ben(people: dict[str, Person]) -> Reader:
    """Ben's browser."""
    return browse(people["ben"])


def count_reports() -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(Report)) or 0


def send(reader: Reader, comment_id: int, **values: str) -> None:
    reader.open(f"/c/{comment_id}/report")
    reader.send(f"/c/{comment_id}/report", "Send", **values)


def test_the_form_offers_to_disagree_first_and_then_every_reason(ben: Reader, comment_id: int) -> None:
    ben.open(f"/c/{comment_id}")
    screen = ben.follow("Report")
    assert screen.heading == "Report a comment"
    assert "The marker-text of Anna." in screen.page.one("blockquote").text
    assert "doubts this" in screen.page.one("blockquote").text
    form = screen.form(f"/c/{comment_id}/report")
    offered = [radio.attributes["value"] for radio in form.all("input", type="radio")]
    assert offered == ["disagree", *(reason.value for reason in REASONS)]
    assert not form.all("input", checked="")
    said = {
        radio.attributes["value"]: screen.page.one("p", id=radio.attributes["aria-describedby"]).text
        for radio in form.all("input", type="radio")
    }
    assert said["confidentiality"] == "The comment is hidden at once until a moderator has looked. A moderator looks within 4 hours."
    assert said["harassment"].startswith("A moderator looks within 12 hours.")
    assert said["off_topic"] == "A moderator looks within 7 days."
    assert {code for code, words in said.items() if "Needs a note." in words} == {"illegal", "impersonation", "dangerous_advice", "other"}


def test_to_disagree_leads_to_the_tags_and_files_nothing(ben: Reader, comment_id: int) -> None:
    send(ben, comment_id, reason="disagree", note=NOTE)
    assert ben.screen.path == f"/c/{comment_id}/tag"
    assert ben.screen.notices == ["A tag says that better than a report: it tells the writer and all readers."]
    assert ben.screen.form(f"/c/{comment_id}/tag")
    assert count_reports() == 0


def test_a_report_lands_on_its_receipt(ben: Reader, reader: Reader, comment_id: int) -> None:
    send(ben, comment_id, reason="harassment", note=NOTE)
    screen = ben.screen
    assert screen.notices == ["Thank you. Your report is with the moderators."]
    assert screen.path.startswith("/reports/")
    assert "A moderator looks within 12 hours." in screen.text
    assert "Harassment" in screen.page.one("dl").text
    assert screen.page.one("dl").one("code").text == screen.path.rpartition("/")[2]
    assert "photograph" not in screen.text
    # Whoever has the address sees what became of it, and neither the note nor a name.
    elsewhere = reader.open(screen.path)
    assert elsewhere.heading == "Your report"
    assert not [word for word in ("Ben", "photograph", "marker-text") if word in elsewhere.text]
    listed = ben.follow("All your reports")
    assert listed.heading == "Your reports"
    assert "Harassment" in listed.page.one("ul", class_="rows").text
    assert ben.follow("Receipt").path == screen.path


def test_confidentiality_hides_the_comment_at_once(ben: Reader, reader: Reader, comment_id: int) -> None:
    send(ben, comment_id, reason="confidentiality")
    assert "Until then the comment is hidden." in ben.screen.text
    assert reader.open(f"/c/{comment_id}").comment(comment_id).text == "Hidden while a moderator looks at it"


def test_a_decision_gives_the_receipt_its_outcome(people: dict[str, Person], ben: Reader, comment_id: int) -> None:
    send(ben, comment_id, reason="promotion")
    place = ben.screen.path
    decide(people["moda"], comment_id, "remove", "promotion")
    screen = ben.open(place)
    assert "A moderator agreed with your report and acted on it." in screen.text
    assert "A moderator looks within" not in screen.text
    assert "Closed" in screen.page.one("dl").text


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"note": NOTE}, "reason", "Choose what the report is about."),
        ({"reason": "illegal", "note": " "}, "note", "Say in a sentence what is wrong"),
        ({"reason": "harassment", "note": f"{NOTE}{'x' * 2000}"}, "note", "at most 2,000 characters"),
    ],
)
def test_a_refused_report_comes_back_as_it_was(ben: Reader, comment_id: int, values: dict[str, str], field: str, words: str) -> None:
    send(ben, comment_id, **values)
    screen = ben.screen
    assert screen.status == 422
    assert words in screen.errors
    assert words in screen.page.one("p", id=f"e-{field}").text
    assert f"#f-{field}" in {link.attributes["href"] for link in screen.page.one("div", class_="errors").all("a")}
    form = screen.form(f"/c/{comment_id}/report")
    assert form.one("textarea").raw == values["note"]
    assert [radio.attributes["value"] for radio in form.all("input", checked="")] == ([values["reason"]] if "reason" in values else [])
    assert count_reports() == 0


def test_one_s_own_comment_is_not_reported(people: dict[str, Person], ben: Reader, comment_id: int) -> None:
    anna = browse(people["anna"])
    assert "Report" not in [link.text for link in anna.open(f"/c/{comment_id}").page.all("a")]
    screen = anna.open(f"/c/{comment_id}/report")
    assert (screen.status, screen.heading) == (403, "This is your own comment")
    assert not screen.page.all("form", class_="report")
    token = anna.screen.page.all("input", name="csrf_token")[0].attributes["value"]
    answer = anna.client.post(f"/c/{comment_id}/report", data={"csrf_token": token, "reason": "harassment", "note": NOTE})
    assert answer.status_code == 403
    assert "the photograph" in answer.text
    assert count_reports() == 0


def test_a_second_report_says_the_first_one_s_reference(ben: Reader, comment_id: int) -> None:
    ben.open(f"/c/{comment_id}/report")
    form = ben.screen.form(f"/c/{comment_id}/report").one("input", name="csrf_token").attributes["value"]
    ben.send(f"/c/{comment_id}/report", "Send", reason="harassment")
    reference = ben.screen.path.rpartition("/")[2]
    answer = ben.client.post(f"/c/{comment_id}/report", data={"csrf_token": form, "reason": "promotion", "note": NOTE})
    assert answer.status_code == 409
    assert reference in answer.text
    assert "the photograph" in answer.text
    screen = ben.open(f"/c/{comment_id}/report")
    assert (screen.status, screen.heading) == (200, "You have reported this comment already")
    assert reference in screen.text
    assert ben.follow("See your report").path == f"/reports/{reference}"
    assert count_reports() == 1


def test_what_cannot_be_read_is_not_reported(people: dict[str, Person], ben: Reader, comment_id: int) -> None:
    decide(people["moda"], comment_id, "remove", "promotion")
    screen = ben.open(f"/c/{comment_id}/report")
    assert (screen.status, screen.heading) == (409, "There is nothing to report now")
    assert "marker-text" not in screen.response.text
    assert "Removed by a moderator · Promotion" in screen.text


def test_a_hidden_comment_can_be_reported_but_not_disagreed_with(
    people: dict[str, Person], person: Callable[..., Person], comment_id: int
) -> None:
    people["ben"].client.post(f"/comments/{comment_id}/reports", {"reason": "confidentiality"})
    cleo = browse(person("cleo"))
    screen = cleo.open(f"/c/{comment_id}/report")
    assert screen.status == 200
    assert "marker-text" not in screen.response.text
    assert "I just disagree" not in screen.text
    cleo.send(f"/c/{comment_id}/report", "Send", reason="harassment")
    assert cleo.screen.path.startswith("/reports/")


def test_a_visitor_signs_in_first_and_comes_back(people: dict[str, Person], reader: Reader, comment_id: int) -> None:
    reader.open(f"/c/{comment_id}")
    screen = reader.follow("Report")
    assert screen.heading == "Sign in"
    assert reader.sign_in("ben", PASSWORD).path == f"/c/{comment_id}/report"


def test_a_report_survives_a_sign_in_that_ended(people: dict[str, Person], ben: Reader, comment_id: int) -> None:
    ben.open(f"/c/{comment_id}/report")
    with writing() as session:
        session.execute(delete(SignIn))
    screen = ben.send(f"/c/{comment_id}/report", "Send", reason="harassment", note=NOTE)
    assert screen.heading == "Sign in"
    assert screen.page.one("p", class_="purpose").text.startswith("Your report of the comment by Anna is kept")
    screen = ben.sign_in("ben", PASSWORD)
    assert screen.notices == ["You are signed in. Here is your report; send it when you are ready."]
    form = screen.form(f"/c/{comment_id}/report")
    assert form.one("input", checked="").attributes["value"] == "harassment"
    assert form.one("textarea").raw == NOTE
    assert count_reports() == 0
    assert ben.send(f"/c/{comment_id}/report", "Send").path.startswith("/reports/")


def test_an_errand_says_nothing_of_a_hidden_comment(people: dict[str, Person], reader: Reader, comment_id: int) -> None:
    decide(people["moda"], comment_id, "remove", "promotion")
    with writing() as session:
        add_account(session, "cleo")
    token = reader.open("/sign-in").page.all("input", name="csrf_token")[0].attributes["value"]
    packed = f'report:{{"comment_id":{comment_id},"reason":"harassment","note":"x"}}'
    sent = reader.client.post("/sign-in", data={"csrf_token": token, "login": "cleo", "password": "wrong", "errand": packed})
    assert "Anna" not in sent.text
    for errand in ("report:{}", "report:nonsense", 'report:{"comment_id":99}', packed):
        token = reader.open("/sign-in").page.all("input", name="csrf_token")[0].attributes["value"]
        answer = reader.client.post("/sign-in", data={"csrf_token": token, "login": "cleo", "password": PASSWORD, "errand": errand})
        assert answer.status_code in (200, 303, 409), errand
        assert "marker-text" not in answer.text
        reader.client.delete_cookie("forum")


def test_a_held_comment_is_as_good_as_none(people: dict[str, Person], ben: Reader, reader: Reader, article: Callable[..., int]) -> None:
    held = post(people["anna"], article("Another"), "You are an idiot, marker-text.")
    for path in (f"/c/{held}/report", "/c/99999/report"):
        assert ben.open(path).status == 404
        assert reader.open(path).status == 404


def test_reports_are_one_s_own(people: dict[str, Person], reader: Reader, ben: Reader, comment_id: int) -> None:
    assert reader.open("/reports").heading == "Sign in"
    assert "You have not reported a comment so far." in ben.open("/reports").text
    send(ben, comment_id, reason="off_topic")
    assert "Off topic" not in browse(people["moda"]).open("/reports").text
    assert reader.open("/reports/NOSUCHREFERENCE").status == 404
