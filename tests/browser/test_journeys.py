"""What people come for, in Chromium, with and without scripts: read, answer, tag, change their mind; and no typed text is ever lost.

The rule: steps name what a reader sees. Where a script saves a page load, the test says so; everything else must not tell the difference.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.desk import PASSWORD, Caller, Desk, Visit, new_handle
from tests.browser.places import PART_TWO, Places
from tests.browser.serving import Site

TEXT = "Which *trial* says so?\n\nI know of none & would <read> it."
Open = Callable[..., Visit]


@pytest.fixture
def talk(desk: Desk) -> dict[str, Any]:
    """A fresh article with one comment, by somebody new: ``slug``, ``id``, ``comment``."""
    made = desk.person("marit").article(f"On touch {new_handle()}", main_claim="Touch helps.", authors=["marit"])
    return {"slug": made["slug"], "id": made["id"], "comment": desk.newcomer().comment(made["id"], "It helped me.", stance="agreement")}


def card(page: Page, comment_id: int) -> Locator:
    """Return a comment on the page."""
    return page.locator(f"#c{comment_id}")


def main_button(page: Page, name: str) -> Locator:
    """Return a button of the page's content."""
    return page.locator("main").get_by_role("button", name=name, exact=True)


def tag(comment: Locator, stance: str, *, script: bool) -> None:
    """Choose a tag; without scripts the button saves it. Waits until the server says that it is there."""
    comment.locator(f"form.g label.{stance}").click()
    if not script:
        comment.get_by_role("button", name="Save tag").click()
    expect(comment.locator(f"form.g input[value={stance}][checked]")).to_have_count(1)


def sign_in(page: Page, handle: str, password: str = PASSWORD) -> None:
    """Fill in the sign-in form that the page shows."""
    page.get_by_label("Handle or e-mail address").fill(handle)
    page.get_by_label("Password").fill(password)
    main_button(page, "Sign in").first.click()


def landed(page: Page) -> int:
    """Return the comment that the address names, which must be on the page, the target, and in view."""
    expect(page).to_have_url(re.compile(r"#c\d+$"))
    found = int(page.url.rpartition("#c")[2])
    target = page.locator(".c:target")
    expect(target).to_have_id(f"c{found}")
    expect(target).to_be_in_viewport()
    return found


def in_composer(page: Page, text: str = TEXT) -> None:
    """The text stands in the composer, whole."""
    expect(page.locator("form.composer textarea").first).to_have_value(text)


def count_visits(page: Page) -> Callable[[], bool]:
    """Return a function that says whether the page has been left since."""
    page.evaluate("window.stayed = true")
    return lambda: not page.evaluate("window.stayed === true")


def test_a_visitor_reads(visit: Open, places: Places, script: bool) -> None:
    page = visit(java_script_enabled=script).open("/")
    page.get_by_role("link", name="Most comments first").click()
    page.get_by_role("link", name=re.compile("Massage in the Treatment of Cancer – Part 2")).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Part 2")
    expect(page.locator(".claim")).to_be_visible()
    page.get_by_label("Order").select_option("newest")
    main_button(page, "Show").click()
    expect(page).to_have_url(re.compile(r"sort=newest.*#discussion$"))
    expect(page.get_by_label("Order")).to_have_value("newest")
    expect(page.locator("#discussion > .hint")).to_contain_text("How is this sorted?")
    page.get_by_label("Writer’s stance").select_option("skepticism")
    main_button(page, "Show").click()
    expect(page).to_have_url(re.compile("stance=skepticism"))
    shown = page.locator(".found > li > .c")
    assert shown.count() > 1
    expect(page.locator(".found > li > .c.skepticism")).to_have_count(shown.count())
    # A match is never shown without what it answers.
    assert page.locator(".found .stubs li").count() > 0
    page.get_by_role("link", name="Show everything again").click()
    expect(page.locator(".thread.found")).to_have_count(0)
    more = page.get_by_role("link", name=re.compile(r"Show \d+ more repl")).first
    expected = int(re.findall(r"\d+", more.inner_text())[0])
    before = page.locator(".c").count()
    more.click()
    if script:
        expect(page.locator(".c")).to_have_count(before + expected)
        assert len(set(page.locator(".c").evaluate_all("all => all.map((it) => it.id)"))) == before + expected
    else:
        expect(page.get_by_role("heading", level=1)).to_contain_text("More replies to")
        expect(page.locator(".c")).to_have_count(expected)


@pytest.mark.parametrize("size", [(1280, 900), (360, 640)], ids=["wide", "narrow"])
def test_a_permalink_lands_on_the_comment(visit: Open, places: Places, script: bool, size: tuple[int, int]) -> None:
    page = visit(java_script_enabled=script, viewport={"width": size[0], "height": size[1]}).open(f"/c/{places.deep}#c{places.deep}")
    assert landed(page) == places.deep
    assert page.locator(".stubs li").count() > 2
    # The way there from the discussion, for a comment that is not on its first page in that order.
    page.goto(f"/a/{places.slug}?limit=1&replies=3")
    date = page.locator(".c .m a[href^='/c/']").last
    date.click()
    landed(page)


def test_a_newcomer_answers_changes_withdraws_and_comes_back(visit: Open, talk: dict[str, Any], script: bool) -> None:
    page = visit(java_script_enabled=script).open("/")
    handle = new_handle()
    page.get_by_role("link", name="Sign up").first.click()
    page.get_by_label("Handle").fill(handle)
    page.get_by_label("Name", exact=True).fill("Noor Haddad")
    page.get_by_label("E-mail address").fill(f"{handle}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    main_button(page, "Sign up").click()
    expect(page.get_by_role("status").filter(has_text=f"@{handle}")).to_be_visible()

    page.goto(f"/a/{talk['slug']}")
    composer = page.locator("form.composer")
    composer.locator("label.skepticism").click()
    expect(composer.get_by_text("What would convince you?")).to_be_visible()
    composer.locator("textarea").fill(TEXT)
    main_button(page, "Preview").click()
    expect(page.locator(".preview em")).to_have_text("trial")
    in_composer(page)
    expect(page.locator("form.composer input[value=skepticism]")).to_be_checked()
    main_button(page, "Post").click()
    own = landed(page)
    expect(card(page, own).get_by_role("heading")).to_have_text("Noor Haddad doubts this")
    expect(card(page, own)).to_contain_text("I know of none & would <read> it.")

    card(page, own).get_by_role("link", name="Edit", exact=True).click()
    in_composer(page)
    page.locator("form.composer textarea").fill(TEXT.replace("none", "one"))
    main_button(page, "Save").click()
    assert landed(page) == own
    card(page, own).get_by_role("link", name="edited").click()
    expect(page.locator("del")).to_have_text("none")
    expect(page.locator("ins")).to_have_text("one")

    page.goto(f"/c/{own}")
    card(page, own).get_by_role("link", name="Withdraw", exact=True).click()
    main_button(page, "Withdraw").click()
    expect(card(page, own)).to_contain_text("Withdrawn by its writer")
    card(page, own).get_by_role("link", name="Undo the withdrawal").click()
    main_button(page, "Show it again").click()
    expect(card(page, own).get_by_role("link", name="Withdraw", exact=True)).to_be_visible()

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    page.goto(f"/c/{own}")
    expect(card(page, own).get_by_role("link", name="Edit", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Sign in").first.click()
    sign_in(page, handle)
    expect(card(page, own).get_by_role("link", name="Edit", exact=True)).to_be_visible()


def test_a_reply_stands_below_what_it_answers(visit: Open, desk: Desk, talk: dict[str, Any], script: bool) -> None:
    page = as_(visit, desk.newcomer(), java_script_enabled=script).open(f"/a/{talk['slug']}")
    left = count_visits(page)
    card(page, talk["comment"]).get_by_role("link", name="Reply").click()
    form = page.locator("form.composer").filter(has=page.locator("[name=parent_id]"))
    form.locator("label.disagreement").click()
    form.locator("textarea").fill(TEXT)
    form.get_by_role("button", name="Post").click()
    if not script:
        landed(page)
        page.goto(f"/a/{talk['slug']}")
    answer = page.locator(".thread > li", has=card(page, talk["comment"])).locator("ol .c.disagreement")
    expect(answer).to_contain_text("I know of none")
    expect(answer.locator("h4")).to_contain_text("disagrees with")
    if script:
        assert not left()
        expect(answer).to_be_focused()


def test_a_reader_tags_changes_and_removes_the_tag(visit: Open, desk: Desk, talk: dict[str, Any], script: bool) -> None:
    page = as_(visit, desk.newcomer(), java_script_enabled=script).open(f"/a/{talk['slug']}")
    comment = card(page, talk["comment"])
    tag(comment, "skepticism", script=script)
    expect(comment.locator("label.skepticism b")).to_have_text("1")
    tag(comment, "encouragement", script=script)
    expect(comment.locator("label.skepticism b")).to_have_count(0)
    expect(comment.locator("label.encouragement b")).to_have_text("1")
    comment.locator("label.encouragement").click()
    comment.get_by_role("button", name="Remove my tag").click()
    expect(comment.locator("form.g [checked]")).to_have_count(0)
    expect(comment.locator("label b")).to_have_count(0)
    assert desk.nobody.call("GET", f"/comments/{talk['comment']}")["tally"]["n"] == 0


def test_a_visitors_tag_waits_for_the_sign_in(visit: Open, desk: Desk, talk: dict[str, Any], script: bool) -> None:
    reader = desk.newcomer()
    page = visit(java_script_enabled=script).open(f"/a/{talk['slug']}")
    comment = card(page, talk["comment"])
    comment.locator("label.encouragement").click()
    if not script:
        comment.get_by_role("button", name="Save tag").click()
    expect(page.locator(".purpose")).to_contain_text("Encourage")
    sign_in(page, reader.handle)
    assert landed(page) == talk["comment"]
    expect(card(page, talk["comment"]).locator("input[value=encouragement]")).to_be_checked()
    expect(page.get_by_role("status").filter(has_text="Your tag is saved")).to_be_visible()


# No text is lost


def as_(visit: Open, caller: Caller, **options: Any) -> Visit:
    """Return a window in which somebody is signed in."""
    found = visit(site_=caller.site, **options)
    cookie = caller.cookie()
    found.context.add_cookies([{"name": cookie["name"], "value": cookie["value"], "url": caller.site.url}])
    return found


def typed_answer(visit: Open, caller: Caller, path: str, text: str = TEXT, **options: Any) -> Page:
    """Return a page whose composer holds a text that is not sent yet."""
    page = as_(visit, caller, **options).open(path)
    page.locator("form.composer label.disagreement").click()
    page.locator("form.composer textarea").fill(text)
    return page


def test_a_text_survives_the_end_of_the_sign_in(visit: Open, desk: Desk, talk: dict[str, Any], script: bool) -> None:
    reader = desk.newcomer()
    page = typed_answer(visit, reader, f"/a/{talk['slug']}", java_script_enabled=script)
    reader.call("DELETE", "/session")
    main_button(page, "Post").click()
    expect(page.locator(".purpose")).to_contain_text("Your text is kept")
    sign_in(page, reader.handle, "wrong, but long enough")
    expect(page.get_by_role("alert")).to_be_visible()
    sign_in(page, reader.handle)
    in_composer(page)
    expect(page.locator("form.composer input[value=disagreement]")).to_be_checked()
    main_button(page, "Post").click()
    landed(page)


def test_a_visitors_text_survives_signing_up(visit: Open, talk: dict[str, Any], script: bool) -> None:
    page = visit(java_script_enabled=script).open(f"/a/{talk['slug']}")
    page.locator("form.composer textarea").fill(TEXT)
    main_button(page, "Sign in and post").click()
    main_button(page, "Sign up").click()
    handle = new_handle()
    page.get_by_label("Handle").fill(handle)
    page.get_by_label("E-mail address").fill(f"{handle}@example.org")
    page.get_by_label("Password").fill("short")
    main_button(page, "Sign up").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    main_button(page, "Sign up").click()
    in_composer(page)


def test_a_text_survives_being_refused(visit: Open, desk: Desk, talk: dict[str, Any], script: bool) -> None:
    text = TEXT + "x" * 10_001
    page = typed_answer(visit, desk.newcomer(), f"/a/{talk['slug']}", text, java_script_enabled=script)
    main_button(page, "Post").click()
    expect(page.get_by_role("alert")).to_contain_text("10,000")
    in_composer(page, text)
    expect(page.locator("form.composer input[value=disagreement]")).to_be_checked()
    expect(page.locator("form.composer textarea")).to_have_attribute("aria-invalid", "true")


def test_a_text_survives_a_rate_limit(visit: Open, hasty_site: Site, script: bool) -> None:
    reader = Desk(hasty_site).newcomer()
    path = f"/a/{PART_TWO}/comments"
    page = typed_answer(visit, reader, path, "The first today.", java_script_enabled=script)
    main_button(page, "Post").click()
    landed(page)
    page.goto(path)
    page.locator("form.composer textarea").fill(TEXT)
    main_button(page, "Post").click()
    expect(page.get_by_role("alert")).to_contain_text("too fast")
    in_composer(page)


def test_a_text_survives_the_end_of_the_discussion(visit: Open, desk: Desk, talk: dict[str, Any], script: bool) -> None:
    page = typed_answer(visit, desk.newcomer(), f"/a/{talk['slug']}", java_script_enabled=script)
    desk.person("marit").call("PATCH", f"/articles/{talk['id']}", {"closed": True, "closed_reason": "Enough."})
    main_button(page, "Post").click()
    expect(page.get_by_role("alert")).to_contain_text("closed")
    in_composer(page)
    expect(main_button(page, "Post")).to_have_count(0)


def test_a_reply_in_place_survives_the_end_of_the_sign_in(visit: Open, desk: Desk, talk: dict[str, Any]) -> None:
    reader = desk.newcomer()
    page = as_(visit, reader).open(f"/a/{talk['slug']}")
    card(page, talk["comment"]).get_by_role("link", name="Reply").click()
    form = page.locator(".thread form.composer")
    form.locator("textarea").fill(TEXT)
    reader.call("DELETE", "/session")
    form.get_by_role("button", name="Post").click()
    sign_in(page, reader.handle)
    in_composer(page)
    expect(page.locator("form.composer [name=parent_id]")).to_have_value(str(talk["comment"]))


# What the script saves


def test_a_tag_is_saved_in_place_and_keeps_the_focus(visit: Open, desk: Desk, talk: dict[str, Any]) -> None:
    page = as_(visit, desk.newcomer()).open(f"/a/{talk['slug']}")
    left = count_visits(page)
    comment = card(page, talk["comment"])
    tag(comment, "agreement", script=True)
    expect(comment.locator("input[value=agreement]")).to_be_focused()
    expect(page.locator("#live")).to_have_text("Your tag is saved.")
    comment.get_by_role("button", name="Remove my tag").click()
    expect(page.locator("#live")).to_have_text("Your tag is removed.")
    expect(comment.locator("input:focus")).to_have_count(1)
    assert not left()


def test_arrow_keys_choose_a_tag_and_save_nothing(visit: Open, desk: Desk, talk: dict[str, Any]) -> None:
    there = as_(visit, desk.newcomer())
    page = there.open(f"/a/{talk['slug']}")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    comment = card(page, talk["comment"])
    comment.locator("input[value=agreement]").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(comment.locator("input[value=encouragement]")).to_be_checked()
    # The page answers a task that came after the keys: had they asked for anything, it would be on the list.
    page.evaluate("fetch('/health/live')")
    assert [line for line in sent if "/health/" not in line and "/static/" not in line] == []
    assert desk.nobody.call("GET", f"/comments/{talk['comment']}")["tally"]["n"] == 0
    page.keyboard.press("Space")
    expect(comment.locator("input[value=encouragement][checked]")).to_be_focused()
    assert desk.nobody.call("GET", f"/comments/{talk['comment']}")["tally"]["encouragement"] == 1


def test_a_draft_survives_a_reload_and_is_gone_when_posted(visit: Open, desk: Desk, talk: dict[str, Any]) -> None:
    page = typed_answer(visit, desk.newcomer(), f"/a/{talk['slug']}")
    page.reload()
    in_composer(page)
    expect(page.locator("form.composer input[value=disagreement]")).to_be_checked()
    main_button(page, "Post").click()
    landed(page)
    page.goto(f"/a/{talk['slug']}")
    in_composer(page, "")


def test_drafts_are_gone_after_signing_out(visit: Open, desk: Desk, talk: dict[str, Any]) -> None:
    page = typed_answer(visit, desk.newcomer(), f"/a/{talk['slug']}")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    page.goto(f"/a/{talk['slug']}")
    in_composer(page, "")


def test_a_preview_does_not_leave_the_page(visit: Open, desk: Desk, talk: dict[str, Any]) -> None:
    page = typed_answer(visit, desk.newcomer(), f"/a/{talk['slug']}")
    left = count_visits(page)
    main_button(page, "Preview").click()
    expect(page.locator(".preview")).to_be_focused()
    in_composer(page)
    assert not left()


# By keyboard alone


def tab_to(page: Page, wanted: Locator, *, at_most: int = 60) -> None:
    """Press Tab until ``wanted`` has the focus."""
    for _ in range(at_most):
        page.keyboard.press("Tab")
        if wanted.evaluate("it => it === document.activeElement"):
            return
    pytest.fail(f"{at_most} presses of Tab do not reach {wanted}")


def test_everything_by_keyboard(visit: Open, desk: Desk, talk: dict[str, Any], script: bool) -> None:
    page = as_(visit, desk.newcomer(), java_script_enabled=script).open(f"/a/{talk['slug']}")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    tab_to(page, page.locator("form.composer input[name=stance]:checked"))
    page.keyboard.press("ArrowRight")
    expect(page.locator("form.composer input[value=agreement]")).to_be_checked()
    tab_to(page, page.locator("form.composer textarea"), at_most=2)
    page.keyboard.type("By keyboard.")
    tab_to(page, main_button(page, "Post"), at_most=2)
    page.keyboard.press("Enter")
    own = landed(page)
    expect(card(page, own)).to_contain_text("By keyboard.")

    page.goto(f"/c/{talk['comment']}")
    comment = card(page, talk["comment"])
    tab_to(page, comment.locator("input[value=agreement]"))
    page.keyboard.press("ArrowRight")
    tab_to(page, comment.get_by_role("button", name="Save tag"), at_most=1)
    page.keyboard.press("Enter")
    expect(comment.locator("input[value=disagreement][checked]")).to_have_count(1)
    assert desk.nobody.call("GET", f"/comments/{talk['comment']}")["tally"]["disagreement"] == 1


def test_a_bare_permalink_lands_on_its_comment(visit: Open, places: Places, script: bool) -> None:
    page = visit(java_script_enabled=script, viewport={"width": 360, "height": 500}).open(f"/c/{places.deep}")
    expect(card(page, places.deep)).to_be_in_viewport()
    expect(page.get_by_role("heading", level=1)).not_to_be_in_viewport()
