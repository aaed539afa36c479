"""What FORUM_MAIL_URL and FORUM_MAIL_FROM may be, and what is read from them."""

from pathlib import Path

import pytest

from forum.mail_target import MailTarget, default_sender, read_mail_target, read_sender


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("smtp://mail.example", MailTarget("smtp", "mail.example", 587)),
        ("smtp://127.0.0.1:25/", MailTarget("smtp", "127.0.0.1", 25)),
        ("smtps://us%20er:p%40ss%3Aw%2Frd@mail.example", MailTarget("smtps", "mail.example", 465, "us er", "p@ss:w/rd")),
        ("smtp://[::1]:2525", MailTarget("smtp", "::1", 2525)),
        ("file:", MailTarget("file")),
        ("file:/srv/mail", MailTarget("file", folder="/srv/mail")),
        ("file:///srv/mail", MailTarget("file", folder="/srv/mail")),
        ("file:out", MailTarget("file", folder=str(Path("out").resolve()))),
        ("console:", MailTarget("console")),
    ],
)
def test_what_is_read(url: str, target: MailTarget) -> None:
    assert read_mail_target(url) == target


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example",
        "http://h",
        "smtp://",
        "smtp://h:x",
        "smtp://h:99999",
        "smtp://h/path",
        "smtp://h?tls=no",
        "smtp://h#x",
        "smtp://[h",
    ],
)
def test_what_is_no_such_address(url: str) -> None:
    assert read_mail_target(url) is None


def test_whom_mail_comes_from() -> None:
    assert read_sender("Talk <talk@example.org>") == ("Talk", "talk@example.org")
    assert read_sender("talk@example.org") == ("", "talk@example.org")
    for wrong in ("", "talk", "talk@example.org\nBcc: x@example.org", "Talk, Ltd <talk@example.org>"):
        assert read_sender(wrong) is None, wrong


def test_without_a_setting_it_comes_from_our_host() -> None:
    assert default_sender("https://talk.example.org") == "forum@talk.example.org"
    assert default_sender("http://127.0.0.1:8000") == "forum@[127.0.0.1]"
    assert default_sender("http://[::1]:8000") == "forum@[IPv6:::1]"
