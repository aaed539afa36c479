"""People with an authenticator app, and the ways in which a test uses it."""

from dataclasses import dataclass, field
from datetime import timedelta

import pyotp

from forum.clock import now
from tests.conftest import PASSWORD
from tests.journeys.reader import Reader, Screen

SECURITY = "/settings/security"
APP = f"{SECURITY}/app"
SECOND = "/sign-in/second"


@dataclass
class Protected:
    """An account with an app: its secret, and its recovery codes as they were shown."""

    id: int
    handle: str
    secret: str
    codes: list[str] = field(default_factory=list)

    def code(self, steps: int = 0) -> str:
        """Return the code that the app shows now, or showed ``steps`` steps ago or later."""
        return pyotp.TOTP(self.secret).at(now() + timedelta(seconds=30 * steps))

    def wrong(self) -> str:
        """Return six digits that are no code of now."""
        near = {self.code(steps) for steps in (-1, 0, 1)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in near)

    def give_password(self, reader: Reader) -> Screen:
        """Prove the first factor on the page."""
        return reader.sign_in(self.handle, PASSWORD)


def is_in(screen: Screen) -> bool:
    """Whether the reader is signed in."""
    return bool(screen.page.all("form", action="/sign-out"))
