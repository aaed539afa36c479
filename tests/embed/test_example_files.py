"""The worked examples without a browser: what the templates put where, and what the WordPress plugin signs, under PHP."""

import base64
import hashlib
import hmac
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forum.access.viewer import Role
from tests.conftest import ApiClient, Person
from tests.embed.example_files import EXAMPLES, SITE, TALK, check_place, example_files, read_example
from tests.journeys.reader import parse

PHP = shutil.which("php")
URL = f"{SITE}/a?b=1&c=2"
TITLE = 'Cold "hands" & <feet>'
KEY = "a key of a test"
ANNA = {"ID": 7, "display_name": 'Anna "A" Weber ü', "user_email": "anna@host.example"}
# What the plugin calls of WordPress, as far as its functions go: WordPress escapes the same characters.
STUBS = r"""
function esc_attr($text) { return htmlspecialchars($text, ENT_QUOTES); }
function esc_html__($text) { return htmlspecialchars($text, ENT_QUOTES); }
function esc_url($text) { return preg_match('#^https?://#', $text) ? htmlspecialchars($text, ENT_QUOTES) : ''; }
function add_filter($name, $call) { $GLOBALS['hooks'][$name] = $call; }
function add_action($name, $call) { $GLOBALS['hooks'][$name] = $call; }
function apply_filters($name, $value) { return $name === 'forum_email_verified' ? $GLOBALS['given']['verified'] : $value; }
function is_singular($kind) { return $GLOBALS['singular']; }
function in_the_loop() { return true; }
function is_main_query() { return true; }
function get_permalink() { return $GLOBALS['url']; }
function get_the_title() { return $GLOBALS['title']; }
function wp_strip_all_tags($text) { return $text; }
function is_user_logged_in() { return $GLOBALS['user'] !== null; }
function wp_get_current_user() { return $GLOBALS['user']; }
function wp_oembed_add_provider($format, $provider) { $GLOBALS['provider'] = [$format, $provider]; }
function wp_enqueue_script($name, $src) { $GLOBALS['script'] = $src; }
$hooks = []; $script = ''; $given = json_decode(stream_get_contents(STDIN), true);
foreach ($given['constants'] as $name => $value) { define($name, $value); }
$singular = $given['singular']; $url = $given['url']; $title = $given['title']; $user = $given['user'] ? (object) $given['user'] : null;
require $given['plugin'];
$content = $hooks['the_content']('<p>Text</p>'); $hooks['wp_enqueue_scripts'](); $hooks['init']();
echo json_encode(['content' => $content, 'script' => $script, 'count' => forum_count($url), 'provider' => $provider, 'time' => time()]);
"""


def test_the_readme_names_every_example_and_says_where_it_is_tried() -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [path for path in example_files() if f"`{path.relative_to(EXAMPLES).as_posix()}`" not in readme] == []
    named = re.findall(r"`(tests/[\w/.]+)`", readme)
    assert named
    assert all((EXAMPLES.parent / path).exists() for path in named)


@pytest.mark.parametrize("path", example_files(), ids=lambda path: path.parent.name)
def test_an_example_has_two_settings_and_no_other_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    known = {"talk.example", "host.example"} if path.parent.name not in ("hugo", "jekyll") else set()
    assert set(re.findall(r"https?://([\w.-]+)", text)) == known


def test_a_static_page_has_place_loader_and_count() -> None:
    page = parse(read_example("static-page/index.html").replace("<!doctype html>", ""))
    check_place(page, f"{SITE}/trigger-points")
    assert [(script.attributes["src"], "async" in script.attributes) for script in page.all("script")] == [
        (f"{TALK}/embed.js", True),
        (f"{TALK}/embed/counts.js", True),
    ]
    assert page.one("span").attributes["data-forum-count"] == page.one("link").attributes["href"] == f"{SITE}/trigger-points"


# What Hugo and Jekyll put in for each of the templates' placeholders; both escape a value for the place that it stands in.
FILLED = {
    "hugo/comments.html": {
        "{{ .Permalink | urlquery }}": "https%3A%2F%2Fhost.example%2Fa%3Fb%3D1%26c%3D2",
        "{{ .Permalink }}": "https://host.example/a?b=1&amp;c=2",
        "{{ .Title }}": "Cold &#34;hands&#34; &amp; &lt;feet&gt;",
        "{{ $talk }}": TALK,
    },
    "jekyll/comments.html": {
        "{{ forum_url | cgi_escape }}": "https%3A%2F%2Fhost.example%2Fa%3Fb%3D1%26c%3D2",
        "{{ forum_url | escape }}": "https://host.example/a?b=1&amp;c=2",
        "{{ page.title | escape }}": "Cold &quot;hands&quot; &amp; &lt;feet&gt;",
        "{{ site.forum_talk | escape }}": TALK,
    },
}


@pytest.mark.parametrize("path", FILLED)
def test_a_template_puts_each_value_where_it_belongs(path: str) -> None:
    html = (EXAMPLES / path).read_text(encoding="utf-8")
    html = re.sub(
        r"\{\{-? /\*.*?\*/ -?\}\}|\{%- comment -%\}.*?\{%- endcomment -%\}|\{%- assign .*? -%\}|\{\{- \$talk := .*? -\}\}", "", html
    )
    for placeholder, value in FILLED[path].items():
        assert placeholder in html
        html = html.replace(placeholder, value)
    assert not re.search(r"\{\{|\}\}|\{%", html)
    page = parse(html)
    assert check_place(page, URL).attributes["data-forum-title"] == TITLE
    script = page.one("script")
    assert (script.attributes["src"], "async" in script.attributes) == (f"{TALK}/embed.js", True)


def test_the_plugin_names_every_claim() -> None:
    """What can be said of it where there is no PHP."""
    text = read_example("wordpress/forum.php")
    token = text.partition("function forum_token(")[2].partition("\n}\n")[0]
    for claim in ("iss", "aud", "sub", "iat", "exp", "jti", "user", "name", "email", "email_verified"):
        assert f"'{claim}' =>" in token, claim
    assert "hash_hmac('sha256'" in token
    assert "random_bytes(16)" in token
    lifetime = re.search(r"'exp' => \$now \+ (\d+)", token)
    assert lifetime is not None
    assert int(lifetime[1]) <= 600
    for line in re.findall(r"data-forum-\w+=.*|href=.*", text.partition("return sprintf(")[0]):
        assert "esc_" in line or "%s" in line, line


def run_plugin(**given: Any) -> dict[str, Any]:
    """Run the plugin's hooks on a page and return what they put where."""
    assert PHP is not None, "there is no php; 'make test-slow' installs it"
    sent = {"plugin": str(EXAMPLES / "wordpress" / "forum.php"), "singular": True, "url": URL, "title": TITLE, "user": None}
    sent |= {"verified": True, "constants": {"FORUM_KEY_ID": "k1", "FORUM_KEY": KEY}} | given
    done = subprocess.run(
        [PHP, "-d", "display_errors=stderr", "-r", STUBS], input=json.dumps(sent), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


# With the slow tests, whose target installs PHP: nothing is left out because it is not there.
with_php = pytest.mark.slow


@with_php
def test_the_plugin_puts_the_discussion_below_a_post() -> None:
    found = run_plugin()
    page = parse(found["content"])
    assert page.one("p").text == "Text"
    place = check_place(page, URL)
    assert place.attributes["data-forum-title"] == TITLE
    assert "data-forum-token" not in place.attributes
    assert found["script"] == f"{TALK}/embed.js"
    assert parse(found["count"]).one("span").attributes == {"data-forum-count": URL}
    assert found["provider"] == [f"{TALK}/*", f"{TALK}/oembed"]


@with_php
def test_the_plugin_leaves_lists_their_counts() -> None:
    found = run_plugin(singular=False)
    assert (found["content"], found["script"]) == ("<p>Text</p>", f"{TALK}/embed/counts.js")


@with_php
@pytest.mark.parametrize("hostile", ['"><script>alert(1)</script>', "' onmouseover='x", "%3Cb%3E", "\u2028"])
def test_a_hostile_title_or_address_stays_in_its_attribute(hostile: str) -> None:
    page = parse(run_plugin(title=hostile, url=f"{SITE}/{hostile}")["content"])
    place = check_place(page, f"{SITE}/{hostile}")
    assert set(place.attributes) == {"data-forum-article", "data-forum-title", "style"}
    assert place.attributes["data-forum-title"] == hostile
    assert {element.tag for element in page.walk()} == {"p", "div", "a"}


@with_php
def test_the_plugin_signs_who_is_there() -> None:
    found, again = run_plugin(user=ANNA), run_plugin(user=ANNA)
    token = check_place(parse(found["content"]), URL).attributes["data-forum-token"]
    head, claims, signature = token.split(".")
    assert decoded(head) == {"typ": "JWT", "alg": "HS256", "kid": "k1"}
    expected = hmac.digest(KEY.encode(), f"{head}.{claims}".encode(), hashlib.sha256)
    assert base64.urlsafe_b64encode(expected).rstrip(b"=").decode() == signature
    said = decoded(claims)
    jti = said.pop("jti")
    assert re.fullmatch("[0-9a-f]{32}", jti)
    assert 0 <= found["time"] - said["iat"] <= 60
    assert said == {
        "iss": SITE,
        "aud": TALK,
        "sub": "7",
        "iat": said["iat"],
        "exp": said["iat"] + 300,
        "user": {"name": 'Anna "A" Weber ü', "email": "anna@host.example", "email_verified": True},
    }
    other = check_place(parse(again["content"]), URL).attributes["data-forum-token"]
    assert decoded(other.split(".")[1])["jti"] != jti


@with_php
@pytest.mark.parametrize("without", [{"user": None}, {"verified": False}, {"constants": {}}], ids=str)
def test_the_plugin_vouches_for_nobody_else(without: dict[str, Any]) -> None:
    found = run_plugin(**({"user": ANNA} | without))
    assert "data-forum-token" not in found["content"]


@with_php
def test_the_discussion_lets_in_whom_the_plugin_names(person: Callable[..., Person], visitor: ApiClient) -> None:
    admin = person("ada", Role.ADMIN).client
    base = "http://127.0.0.1:8000"
    assert admin.request("PUT", "/admin/site/sso", {"issuer": SITE}).status_code == 200
    key = admin.post("/admin/site/keys", {"algorithm": "HS256"}).json
    constants = {"FORUM_TALK": base, "FORUM_KEY_ID": key["kid"], "FORUM_KEY": key["secret"]}
    place = check_place(parse(run_plugin(user=ANNA, constants=constants)["content"]), URL, talk=base)
    entered = visitor.post("/session/sso", {"token": place.attributes["data-forum-token"]})
    assert entered.status_code == 200, entered.text
    assert visitor.get("/me").json["display_name"] == ANNA["display_name"]
