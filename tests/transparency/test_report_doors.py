"""The doors of the monthly reports: which months there are, in which forms, for whom, kept how; what an empty month says; the way to them."""

import re

import pytest
import time_machine
from flask import Flask
from sqlalchemy import text

from forum.access.viewer import DEFAULT_SITE_ID
from forum.articles.models import Site
from forum.clock import now
from forum.db.transaction import writing
from forum.moderation import log
from forum.moderation.actors import rule
from forum.transparency.months import Month, month_of, months_down, read_month
from tests.conftest import ApiClient
from tests.journeys.reader import parse
from tests.redress.court import Court
from tests.transparency.reading import check_alike, read_page
from tests.world import EVERYBODY, make_world

pytestmark = pytest.mark.postgresql_slow

CSV = "text/csv; charset=utf-8; header=present"
NOT_THERE = (
    "2026-09",
    "2026-11",
    "2027-01",
    "9999-12",
    "0001-01",
    "0000-01",
    "2026-13",
    "2026-00",
    "2026-1",
    "26-10",
    "2026-10-01",
    "x",
    "２０２６-10",
    "2026-10 ",
)


def test_a_month_is_read_as_it_is_written() -> None:
    assert read_month("2026-11") == Month(2026, 11)
    assert [
        read_month(written) for written in ("", "2026-13", "2026-00", "0000-01", "2026-1", "x2026-11", "2026-11\n", "2026–11", "٢٠٢٦-11")
    ] == [None] * 9
    assert str(Month(987, 3)) == "0987-03"
    assert (Month(2026, 12).following, Month(2026, 1).preceding) == (Month(2027, 1), Month(2025, 12))
    assert (Month(2026, 11).following, Month(2026, 11).preceding) == (Month(2026, 12), Month(2026, 10))
    assert Month(2026, 12).end == Month(2027, 1).begin
    assert [str(month) for month in months_down(Month(2027, 2), Month(2026, 11))] == ["2027-02", "2027-01", "2026-12", "2026-11"]
    assert list(months_down(Month(2026, 1), Month(2026, 2))) == []
    assert month_of(Month(2026, 11).begin) == Month(2026, 11)


def test_where_nothing_has_happened_there_is_the_present_month(app: Flask, visitor: ApiClient) -> None:
    with time_machine.travel("2026-10-05", tick=False):
        assert visitor.get("/transparency").json == {
            "months": [{"month": "2026-10", "is_complete": False, "page": "/transparency/2026-10"}]
        }
        page = read_page(visitor, "2026-10")
        assert "Nothing has happened here yet in this month" in page.text
        assert not page.all("table")
        assert not re.search(r"\b0\b|\bnone\b", page.text, re.IGNORECASE)
        check_alike(visitor, "2026-10")
        for month in NOT_THERE:
            assert visitor.get(f"/transparency/{month}").status_code == 404, month


def test_only_months_since_the_first_thing_that_happened(court: Court, clock: time_machine.Traveller, visitor: ApiClient) -> None:
    court.post("The first word.")
    for month in NOT_THERE:
        for path in (f"/transparency/{month}", f"//transparency/{month}", f"//transparency/{month}.csv"):
            answer = visitor.get(path)
            assert answer.status_code == 404, path
        assert visitor.get(f"/transparency/{month}").json["type"] == "/problems/not-found"
    assert "There is no such monthly report" in visitor.get("/transparency/2026-09").json["detail"]
    clock.shift(3600)
    assert visitor.get("/transparency/2026-11").status_code == 200, "a month is there from its first moment on"
    assert visitor.get("/transparency/2026-12").status_code == 404


def test_a_row_of_the_log_is_enough(app: Flask, visitor: ApiClient) -> None:
    with time_machine.travel("2026-08-31T23:59:59.999999+00:00", tick=False), writing() as session:
        log.append(session, site_id=DEFAULT_SITE_ID, event="rules", actor=rule("words"), is_public=True)
    with time_machine.travel("2026-10-05", tick=False):
        assert [month["month"] for month in visitor.get("/transparency").json["months"]] == ["2026-10", "2026-09", "2026-08"]
        assert "Nothing happened here in this month" in read_page(visitor, "2026-08").text


def test_another_site_is_not_counted(court: Court, visitor: ApiClient) -> None:
    comment = court.post("A word.", stance="skepticism")
    court.report(comment)
    court.decide(comment, "remove", reason="off_topic")
    assert any(cell["least"] for cell in check_alike(visitor, "2026-10").values())
    with writing() as session:
        session.add(Site(id=2, slug="other", created_at=now()))
        session.flush()
        for table in ("comments", "review_items", "decisions", "reports", "statements"):
            session.execute(text(f"UPDATE {table} SET site_id = 2"))
    assert not any(cell["value"] or cell["least"] for cell in check_alike(visitor, "2026-10").values())


@pytest.mark.parametrize("who", EVERYBODY)
def test_everybody_may_read_it(app: Flask, who: str) -> None:
    caller = make_world(app).enter(who)
    month = f"{now():%Y-%m}"
    for path in ("/transparency", f"/transparency/{month}", "//transparency", f"//transparency/{month}", f"//transparency/{month}.csv"):
        assert caller.get(path).status_code == 200, path


def test_json_or_csv_as_is_asked_for(court: Court, visitor: ApiClient) -> None:
    def kind(query: str = "", accept: str = "") -> tuple[int, str]:
        answer = visitor.get(f"/transparency/2026-10{query}", headers={"Accept": accept} if accept else {})
        assert "Accept" in answer.headers["Vary"]
        return answer.status_code, answer.headers["Content-Type"]

    as_json, as_csv = (200, "application/json"), (200, CSV)
    assert kind() == kind("?format=json") == kind("?format=") == as_json
    assert kind(accept="*/*") == kind(accept="text/html") == kind(accept="application/json, text/csv;q=0.5") == as_json
    assert kind("?format=csv") == kind(accept="text/csv") == kind(accept="text/csv, application/json;q=0.5") == as_csv
    assert kind("?format=json", accept="text/csv") == as_json, "what stands in the address counts first"
    refused = visitor.get("/transparency/2026-10?format=xml")
    assert (refused.status_code, refused.json["type"]) == (422, "/problems/validation")
    assert visitor.get("/transparency/2026-10?format=csv").text == visitor.get("//transparency/2026-10.csv").text


@pytest.mark.parametrize(
    "path", ["/transparency", "/transparency/2026-10", "/transparency/2026-10?format=csv", "//transparency/2026-10.csv"]
)
def test_what_has_not_changed_is_not_sent_again(court: Court, visitor: ApiClient, path: str) -> None:
    first = visitor.get(path)
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "public, max-age=0, must-revalidate"
    again = visitor.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.get_data(), again.headers["ETag"]) == (304, b"", tag)
    assert court.by("anna").get(path).headers["Cache-Control"] == "private, no-cache"
    for at in range(3):
        court.post(f"A word {at}.")
    changed = visitor.get(path, headers={"If-None-Match": tag})
    assert changed.status_code == (304 if path == "/transparency" else 200)


def test_json_and_csv_do_not_share_a_tag(court: Court, visitor: ApiClient) -> None:
    court.post("A word.")
    tags = {visitor.get(f"/transparency/2026-10?format={form}").headers["ETag"] for form in ("json", "csv")}
    assert len(tags) == 2


def test_the_csv_is_one_that_every_program_reads(court: Court, visitor: ApiClient) -> None:
    court.post("A word.")
    lines = visitor.get("//transparency/2026-10.csv").text.split("\r\n")
    assert lines[-1] == ""
    assert {line.count(",") for line in lines[:-1]} == {7}
    # What begins like this, a spreadsheet takes for a formula.
    assert not [line for line in lines for cell in line.split(",") if cell[:1] in ("=", "+", "-", "@", "\t")]


def test_a_section_says_in_words_that_nothing_happened_in_it(court: Court, visitor: ApiClient) -> None:
    court.post("A word.", stance="skepticism")
    page = read_page(visitor, "2026-10")
    for words in (
        "Nobody reported a comment in this month.",
        "No decision that a moderator took in this month stands.",
        "No rule held or hid a comment in this month.",
        "Nobody appealed in this month.",
        "Nobody was warned, muted, suspended or banned in this month.",
        "Nobody was restricted in this month, so no reasons had to be given.",
    ):
        assert words in page.text
    assert len(page.all("table")) == 1, "the one of what was published"
    assert not page.all("dl"), "nothing of what a stranger would ask first"


def test_tables_have_captions_headings_and_a_frame_that_the_keyboard_reaches(court: Court, visitor: ApiClient) -> None:
    comment = court.post("A word.", stance="skepticism")
    court.report(comment)
    court.decide(comment, "remove", reason="off_topic")
    court.sanction("reminder", on="ben")
    page = read_page(visitor, "2026-10")
    tables = page.all("table")
    assert len(tables) > 5
    for table in tables:
        caption = table.one("caption").one("b")
        assert caption.text
        frame = table.parent
        assert frame is not None
        assert (frame.attributes["role"], frame.attributes["tabindex"]) == ("group", "0")
        assert frame.attributes["aria-labelledby"] == caption.attributes["id"]
        columns = table.one("thead").all("th", scope="col")
        for row in table.one("tbody").all("tr"):
            assert len(row.all("th", scope="row")) == 1
            assert len(row.all("td")) == len(columns) - 1
            assert all(cell.text for cell in row.all("td"))
    assert {link.attributes["href"] for link in page.all("a")} >= {
        "/transparency",
        "/modlog",
        "/transparency/2026-10.csv",
        "/api/v1/transparency/2026-10",
    }


def test_one_gets_from_month_to_month_and_there_from_everywhere(court: Court, clock: time_machine.Traveller, visitor: ApiClient) -> None:
    court.post("A word.")
    clock.shift(60 * 86_400)
    listed = parse(visitor.get("//transparency").text).one("main")
    assert [link.attributes["href"] for link in listed.all("a") if "20" in link.text] == [
        f"/transparency/{month}" for month in ("2026-12", "2026-11", "2026-10")
    ]
    assert "December 2026 so far" in listed.text
    middle = read_page(visitor, "2026-11")
    assert (middle.one("a", rel="prev").text, middle.one("a", rel="next").text) == ("October 2026", "December 2026")
    assert not read_page(visitor, "2026-10").all("a", rel="prev")
    assert not read_page(visitor, "2026-12").all("a", rel="next")
    for path in ("//", "//modlog", "//transparency/2026-10"):
        links = [link.attributes["href"] for link in parse(visitor.get(path).text).all("a")]
        assert "/transparency" in links, path
    assert "/transparency" in [link.attributes["href"] for link in parse(visitor.get("//modlog").text).one("main").all("a")]
