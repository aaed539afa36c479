"""The worked examples in Chromium, as their users fill them in: the thread shows, counts fill, routes mount and unmount it."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hosting import Talk
from tests.browser.test_widget import Reader, frame_of, reader, talk
from tests.embed.example_files import read_example

__all__ = ["reader", "talk"]


def show(talk: Talk, path: str, example: str) -> str:
    """Serve an example on the host's origin, with its two settings filled in, and return its address."""
    return talk.hosted.show(path, read_example(example, talk=talk.origin, site=talk.hosted.origin()))


def say(talk: Talk, address: str, title: str, text: str) -> int:
    """Comment on a host page and return the comment's id."""
    article = talk.desk.person("ada").article(title, url=talk.hosted.origin() + address)
    return talk.desk.newcomer().comment(article["id"], text)


def read(talk: Talk, path: str) -> str:
    """Return what the discussion answers another site's server."""
    with talk.desk.nobody.opener.open(talk.site.url + path, timeout=30) as answer:
        text: str = answer.read().decode()
    return text


def watch(page: Page) -> list[str]:
    """Collect the errors of a page's scripts."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    return faults


def test_a_static_page_shows_thread_and_count(talk: Talk, reader: Callable[..., Reader]) -> None:
    comment_id = say(talk, "/trigger-points", "Trigger points", "Which study shows it?")
    address = show(talk, "/trigger-points", "static-page/index.html")
    page = reader().open(address)
    expect(page.locator("[data-forum-count]")).to_have_text("1")
    expect(frame_of(page).get_by_text("Which study shows it?")).to_be_visible()
    expect(page.get_by_role("link", name="Join the discussion")).to_have_count(0)
    # A link to a comment, as a reader shares it.
    deep = reader().open(f"{address}#forum-c{comment_id}")
    assert frame_of(deep).url.endswith(f"/c/{comment_id}#c{comment_id}")


def test_a_static_page_without_a_script_keeps_its_link(talk: Talk, reader: Callable[..., Reader]) -> None:
    say(talk, "/trigger-points", "Trigger points", "Another one.")
    page = reader(java_script_enabled=False).open(show(talk, "/trigger-points", "static-page/index.html"))
    page.get_by_role("link", name="Join the discussion").click()
    expect(page.get_by_role("heading", level=1, name="Trigger points")).to_be_visible()
    assert page.url.startswith(f"{talk.origin}/a/")


def test_routes_mount_and_unmount_the_discussion(talk: Talk, reader: Callable[..., Reader]) -> None:
    say(talk, "/app?article=trigger-points", "Trigger points", "Said of trigger points.")
    page = reader().context.new_page()
    faults = watch(page)
    page.goto(show(talk, "/app", "single-page-app/index.html"))
    counts = page.locator("[data-forum-count]")
    expect(counts).to_have_text(["1", "0"])
    expect(page.locator("iframe")).to_have_count(0)

    page.get_by_role("link", name="Trigger points").press("Enter")
    expect(frame_of(page).get_by_text("Said of trigger points.")).to_be_visible()
    # By keyboard: a click just after scrolling may still land in the frame, which is drawn by another process.
    page.get_by_role("link", name="All articles").press("Enter")
    expect(page.locator("iframe")).to_have_count(0)
    expect(counts).to_have_text(["1", "0"])

    page.get_by_role("link", name="Cold hands").press("Enter")
    frame = frame_of(page)
    expect(frame.get_by_role("heading", name="Nobody has answered yet")).to_be_visible()
    expect(page.locator("iframe")).to_have_count(1)
    page.go_back()
    expect(page.locator("iframe")).to_have_count(0)
    page.go_forward()
    expect(frame_of(page).get_by_role("heading", name="Nobody has answered yet")).to_be_visible()

    # Opened at once, before the loader is there.
    page.goto(f"{talk.hosted.origin()}/app?article=trigger-points")
    expect(frame_of(page).get_by_text("Said of trigger points.")).to_be_visible()
    assert faults == []


def test_the_html_for_readers_without_a_script_makes_room_for_the_frame(talk: Talk, reader: Callable[..., Reader]) -> None:
    """A host's server has put the discussion where the link would stand."""
    comment_id = say(talk, "/included", "Included", "Read by everybody.")
    url = f"{talk.hosted.origin()}/included"
    fragment = read(talk, f"/embed/static?url={quote(url, safe='')}")
    body = f'<div data-forum-article="{url}" style="min-height:100vh">{fragment}</div>{talk.loader}'
    address = talk.hosted.show(
        "/included", f"<!doctype html><html lang=en><title>Included</title><body><h1>Included</h1>{body}</body></html>"
    )

    plain = reader(java_script_enabled=False).open(f"{address}#forum-c{comment_id}")
    expect(plain.locator(f"#forum-c{comment_id}:target")).to_contain_text("Read by everybody.")
    assert plain.get_by_role("link", name="Join the discussion").get_attribute("href") == f"{talk.origin}/a/included"

    page = reader().open(address)
    expect(frame_of(page).get_by_text("Read by everybody.")).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(0)
    block = page.locator("[data-forum-article] > script")
    assert "Read by everybody." in (block.text_content() or "")
    page.evaluate("Forum.unmount(document.querySelector('[data-forum-article]'))")
    expect(page.get_by_role("article")).to_contain_text("Read by everybody.")
    expect(page.locator("[data-forum-article] script")).to_have_count(1)


@pytest.mark.parametrize("path", ["/a/{slug}", "/c/{comment}"])
def test_the_data_for_search_engines_breaks_no_policy(talk: Talk, reader: Callable[..., Reader], path: str) -> None:
    comment_id = say(talk, "/described", "Described", "</script><script>document.title = 'run'</script>")
    page = reader().context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    slug = talk.desk.nobody.call("GET", f"/articles/lookup?url={talk.hosted.origin()}/described")["slug"]
    page.goto(talk.origin + path.format(slug=slug, comment=comment_id))
    assert page.locator("script[type='application/ld+json']").count() == 1
    expect(page.locator(f"#c{comment_id}")).to_contain_text("document.title")
    assert page.title() != "run"
    assert said == []
