"""Asking a provider over HTTP: with a bound on time, on bytes and on where the answer may come from.

The rule: whatever goes wrong is one refusal, ``unavailable``; no transaction is open while we wait.
"""

from time import monotonic
from typing import Any

import structlog

from forum.refusals import Kind, Refusal
from forum.sentences import sentence
from forum.sso.strict import Unreadable, read_object
from forum.web.context import settings

log = structlog.get_logger(__name__)
TIMEOUT_SECONDS = 5
WHOLE_SECONDS = 10
ANSWER_MAX = 262_144
RETRY_SECONDS = 30


def bound(client: Any) -> Any:
    """Give a requests session our bounds and return it: seconds, bytes, and no redirects, which could lead anywhere."""
    from requests.adapters import HTTPAdapter
    from requests.exceptions import ConnectionError as NoAnswer

    class Bounded(HTTPAdapter):
        def send(self, request: Any, *args: Any, **named: Any) -> Any:
            started = monotonic()
            response = super().send(request, **{**named, "timeout": TIMEOUT_SECONDS, "stream": True})
            body = bytearray()
            for chunk in response.iter_content(16_384):
                body += chunk
                if len(body) > ANSWER_MAX or monotonic() - started > WHOLE_SECONDS:
                    response.close()
                    raise NoAnswer("the answer is too long or too slow")
            # What requests itself keeps once an answer was read.
            response._content, response._content_consumed = bytes(body), True
            return response

    client.max_redirects = 0
    client.mount("https://", Bounded())
    client.mount("http://", Bounded())
    return client


def fetch_object(address: str, *, token: str = "") -> dict[str, Any]:
    """Return the JSON object at ``address``. Raises Refusal ``unavailable`` for anything but a 200 with one."""
    import requests

    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    with bound(requests.Session()) as client:
        try:
            answer = client.get(address, headers=headers)
        except requests.RequestException as error:
            raise down(type(error).__name__) from None
        if answer.status_code != 200:
            raise down(f"status {answer.status_code}")
        try:
            return read_object(answer.content)
        except Unreadable:
            raise down("no JSON object") from None


def down(reason: str) -> Refusal:
    """Return the refusal for a provider that does not answer as it should; ``reason`` is logged, and not shown to whoever signs in."""
    log.warning("provider does not answer", reason=reason)
    detail = sentence(
        "%(name)s does not answer at the moment. Nothing is lost: try again in a minute, or sign in another way.",
        name=settings().provider_name,
    )
    return Refusal(Kind.UNAVAILABLE, detail, retry_after=RETRY_SECONDS)
