"""No webhook leads into a private network: neither by its address, nor by what its name leads to, nor by what the name leads to a moment later."""

import socket
import threading
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest
from flask import Flask
from urllib3.connection import HTTPConnection

from forum.db.transaction import writing
from forum.jobs.actions import enqueue
from forum.refusals import Refusal
from forum.webhooks.guard import NotSent, find_addresses, is_public, look_up, read_address, refuse_private
from forum.webhooks.sending import Message, Outcome, Patience, send
from forum.webhooks.troubles import Trouble
from tests.conftest import ApiClient
from tests.webhooks.conftest import send_all
from tests.webhooks.receiver import Receiver, receiving

BRIEF = Patience(step=0.5, whole=1)
NOT_PUBLIC = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1",
    "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "100::1",
    # By other names: translated to IPv4 (NAT64), tunnelled to it (6to4, Teredo).
    "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "2001:0:7f00:1::", "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    "2001:db8::1", "3fff::1", "5f00::1", "1::1", "4000::1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "93.184.216.34", "100.63.255.255", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1",
          "2002:101:101::1"]  # fmt: skip


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_only_we_can_reach_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_the_public_internet_is(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "given",
    [
        "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://10.0.0.1:8443/x", "https://169.254.169.254/latest/meta-data", "https://user:pass@example.org/", "https://example.org@10.0.0.1/",
        "http://example.org/", "http://127.0.0.1/", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "javascript:alert(1)", "//example.org/", "example.org",
        "https://", "https:///x", "https://example.org/#fragment", "https://example.org:0/", "https://example.org:99999/", "https://exa mple.org/",
        "https://example.org/\r\nHost: x",
        "https://example.org\\@10.0.0.1/", "https://" + "a" * 2100 + ".example/", "https://１２７.0.0.1/", "https://①②⑦.0.0.1/",
    ],
)  # fmt: skip
def test_an_address_that_nothing_may_be_sent_to_is_refused(given: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_address(given, [])
    assert caught.value.faults[0].pointer == "/url"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (" https://Hooks.Example.ORG ", "https://hooks.example.org/"),
        ("https://example.org:443/a", "https://example.org/a"),
        ("https://example.org:8443/a/../b?utm_source=kept&x=%2F&y=ü", "https://example.org:8443/a/../b?utm_source=kept&x=%2F&y=%C3%BC"),
        ("https://bücher.example/a b".replace(" ", "%20"), "https://xn--bcher-kva.example/a%20b"),
        ("https://example.org?only=query", "https://example.org/?only=query"),
        ("https://1.1.1.1/x", "https://1.1.1.1/x"),
        ("https://[2606:4700:4700::1111]/x", "https://[2606:4700:4700::1111]/x"),
    ],
)
def test_a_good_address_is_kept_with_its_path_as_it_is(given: str, kept: str) -> None:
    assert read_address(given, []) == kept
    assert read_address(kept, []) == kept


def test_what_the_settings_allow_may_be_private() -> None:
    assert read_address("http://hooks.internal:3000/x", ["hooks.internal"]) == "http://hooks.internal:3000/x"
    assert read_address("https://127.0.0.1/", ["127.0.0.1"]) == "https://127.0.0.1/"
    for given in ("http://hooks.internal.example/", "http://hooks.internal@example.org/", "https://127.0.0.2/"):
        with pytest.raises(Refusal):
            read_address(given, ["hooks.internal", "127.0.0.1"])


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Return a function that sets where names lead, at the first look-up, the second …; it returns the names that were looked up."""

    def lead(*answers: list[str]) -> list[str]:
        asked: list[str] = []

        def answer(host: str, port: int, **_: Any) -> list[Any]:
            asked.append(host)
            found = answers[min(len(asked), len(answers)) - 1]
            if not found:
                raise socket.gaierror(socket.EAI_NONAME, "no such name")
            kinds = [socket.AF_INET6 if ":" in each else socket.AF_INET for each in found]
            return [(kind, socket.SOCK_STREAM, 6, "", (each, port)) for kind, each in zip(kinds, found, strict=True)]

        monkeypatch.setattr(socket, "getaddrinfo", answer)
        return asked

    return lead


@pytest.mark.parametrize("address", [each for each in NOT_PUBLIC if each != "fe80::1"] + ["fe80::1%eth0"])
def test_a_name_that_leads_to_a_private_address_is_not_asked(names: Callable[..., list[str]], address: str) -> None:
    names([address])
    with pytest.raises(NotSent) as caught:
        find_addresses("evil.example", 443, seconds=1)
    assert caught.value.trouble is Trouble.PRIVATE_ADDRESS


def test_one_private_address_among_others_is_enough(names: Callable[..., list[str]]) -> None:
    names(["93.184.216.34", "10.0.0.1"])
    with pytest.raises(NotSent):
        find_addresses("evil.example", 443, seconds=1)
    names(["93.184.216.34", "2606:4700:4700::1111", "93.184.216.34"])
    assert find_addresses("good.example", 443, seconds=1) == ["93.184.216.34", "2606:4700:4700::1111"]


def test_a_name_that_leads_nowhere(names: Callable[..., list[str]]) -> None:
    names([])
    with pytest.raises(NotSent) as caught:
        look_up("nowhere.example", 443, seconds=1)
    assert caught.value.trouble is Trouble.NO_ADDRESS


def test_a_name_is_looked_up_once_and_the_address_that_was_judged_is_the_one_that_is_asked(
    names: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the first answer is public, every later one is ours."""
    asked = names(["93.184.216.34"], ["127.0.0.1"])
    connected: list[tuple[str, int]] = []

    def refuse(address: tuple[str, int], *_: Any, **__: Any) -> None:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(HTTPConnection, "_new_conn", lambda self: refuse((self._dns_host, self.port)))
    with receiving() as receiver:
        outcome = send(Message(f"https://rebind.example:{receiver.port}/", {}, b"{}"), private_hosts=[], patience=BRIEF)
        assert receiver.got == []
    assert asked == ["rebind.example"]
    assert connected == [("93.184.216.34", receiver.port)]
    assert outcome.trouble is not None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "https://localhost:{port}/", "https://[::1]:{port}/"]
)
def test_what_was_stored_before_the_setting_changed_is_judged_again(url: str) -> None:
    with receiving() as receiver:
        outcome = send(Message(url.format(port=receiver.port), {}, b"{}"), private_hosts=[], patience=BRIEF)
        assert receiver.got == []
    assert isinstance(outcome, Outcome)
    assert outcome.trouble in (Trouble.PRIVATE_ADDRESS, Trouble.NO_ADDRESS)


def test_nothing_is_asked_of_a_proxy(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert send(Message(receiver.url(), {}, b"{}"), private_hosts=["127.0.0.1"], patience=BRIEF).trouble is None


def test_the_setting_is_written_as_one_likes(admin: ApiClient, allow_hosts: Callable[[str], None]) -> None:
    allow_hosts(" Hooks.Internal  ::1 ")
    for url in ("http://hooks.internal/x", "http://HOOKS.internal:3000/", "http://[::1]:3000/"):
        assert admin.post("/webhooks", {"url": url, "name": "x"}).status_code == 201, url
    assert admin.post("/webhooks", {"url": "http://internal/x", "name": "x"}).status_code == 422


def test_the_door_refuses_it_and_says_why(admin: ApiClient, receiver: Receiver) -> None:
    for url, code in (("http://example.org/", "https"), ("https://10.0.0.1/", "private"), ("nonsense", "bad-address")):
        answer = admin.post("/webhooks", {"url": url, "name": "x"})
        assert (answer.status_code, answer.json["errors"][0]["pointer"], answer.json["errors"][0]["code"]) == (422, "/url", code)
    assert admin.get("/webhooks").json == {"items": []}


def test_a_name_that_leads_into_a_private_network_is_refused_when_it_is_given(names: Callable[..., list[str]], admin: ApiClient) -> None:
    asked = names(["93.184.216.34"], ["10.0.0.1"], ["93.184.216.34", "fd00::1"], ["127.0.0.1"], ["169.254.169.254"])
    made = admin.post("/webhooks", {"url": "https://good.example:8443/x", "name": "Ours"})
    assert made.status_code == 201
    path, page = f"/webhooks/{made.json['webhook']['id']}", f"/admin/webhooks/{made.json['webhook']['id']}"
    refused = [
        admin.post("/webhooks", {"url": "https://evil.example/", "name": "x"}),
        admin.patch(path, {"url": "https://half.example/"}),
    ]
    for answer in refused:
        assert (answer.status_code, answer.json["errors"][0]["pointer"], answer.json["errors"][0]["code"]) == (422, "/url", "private")
    for address, host in (("/admin/webhooks", "own.example"), (page, "cloud.example")):
        fields = {"csrf_token": admin.csrf, "url": f"https://{host}/", "name": "Typed before", "kinds": "comment.published"}
        shown = admin.client.post(address, data=fields)
        assert (shown.status_code, "not in the public internet" in shown.text, 'value="Typed before"' in shown.text) == (422, True, True)
    assert asked == ["good.example", "evil.example", "half.example", "own.example", "cloud.example"]
    assert [hook["url"] for hook in admin.get("/webhooks").json["items"]] == ["https://good.example:8443/x"]


def test_what_needs_no_name_looks_none_up(names: Callable[..., list[str]], admin: ApiClient, allow_hosts: Callable[[str], None]) -> None:
    asked = names(["10.0.0.1"])
    allow_hosts("hooks.internal")
    made = admin.post("/webhooks", {"url": "http://hooks.internal/x", "name": "x"})
    assert made.status_code == 201
    assert admin.patch(f"/webhooks/{made.json['webhook']['id']}", {"name": "y"}).status_code == 200
    assert admin.post("/webhooks", {"url": "http://evil.example/", "name": "x"}).json["errors"][0]["code"] == "https"
    assert admin.post("/webhooks", {"url": "nonsense", "name": "x"}).json["errors"][0]["code"] == "bad-address"
    assert asked == []


def test_a_name_that_leads_nowhere_yet_is_accepted_and_judged_at_each_message(names: Callable[..., list[str]], admin: ApiClient) -> None:
    asked = names([], ["10.0.0.1"])
    made = admin.post("/webhooks", {"url": "https://later.example/", "name": "x"})
    assert made.status_code == 201
    path = f"/webhooks/{made.json['webhook']['id']}"
    assert admin.post(f"{path}/ping").status_code == 202
    assert send_all() == 1
    (message,) = admin.get(f"{path}/deliveries").json["items"]
    assert (message["trouble"], message["delivered_at"]) == (Trouble.PRIVATE_ADDRESS.value, None)
    assert asked == ["later.example"] * 2


def test_nobody_waits_for_a_name_service_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def wait(*_: Any, **__: Any) -> list[Any]:
        asked.set()
        go_on.wait(60)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 443))]

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    try:
        refuse_private("https://slow.example/", [], seconds=0.05)
        assert asked.is_set()
    finally:
        go_on.set()
    with pytest.raises(Refusal):
        refuse_private("https://slow.example/", [], seconds=60)


def test_no_transaction_is_open_while_a_name_is_looked_up(app: Flask, admin: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def write_meanwhile(host: str, port: int, **_: Any) -> list[Any]:
        # On SQLite this would wait for a transaction that writes.
        with app.app_context(), writing() as session:
            enqueue(session, "note", {"id": 1})
        written.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port))]

    monkeypatch.setattr(socket, "getaddrinfo", write_meanwhile)
    assert admin.post("/webhooks", {"url": "https://good.example/", "name": "x"}).status_code == 201
    assert written == ["good.example"]
