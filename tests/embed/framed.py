"""What a browser sends for a page in a frame on another site's page. Called by the tests of this folder."""

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forum.access.viewer import DEFAULT_SITE_ID
from forum.articles.models import Site
from forum.articles.site_actions import add_origin
from forum.db.transaction import writing

HOST = "https://host.example"
FRAME = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site"}
WINDOW = {"Sec-Fetch-Dest": "document"}


def allow(origin: str = HOST, *, site_id: int = DEFAULT_SITE_ID, **settings: bool) -> None:
    """Allow an origin's pages to show the discussions, with the site's settings."""
    with writing() as session:
        site = session.get_one(Site, site_id)
        add_origin(session, site, origin)
        for name, value in settings.items():
            setattr(site, name, value)


class Frame:
    """A browser's frame on a host page: every request says that it is one."""

    def __init__(self, app: Flask, headers: dict[str, str] | None = None, *, url: str = "http://127.0.0.1:8000") -> None:
        self.client: FlaskClient = app.test_client()
        self.headers = FRAME if headers is None else headers
        self.url = url

    def get(self, path: str, **named: Any) -> TestResponse:
        """GET, without following a redirect."""
        return self.client.get(path, headers=self.headers, base_url=self.url, **named)

    def send(self, path: str, form_at: str, **fields: str) -> TestResponse:
        """Send the form that stands on the page ``form_at``."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(form_at).text)
        data = {"csrf_token": found[1] if found else "", **fields}
        return self.client.post(path, data=data, headers=self.headers, base_url=self.url)
