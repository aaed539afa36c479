"""What a page's script does with passkeys, done by a test: read what is asked, answer it, send the form."""

from tests.factors.authenticator import Authenticator
from tests.factors.people import SECURITY
from tests.journeys.reader import Reader, Screen

SIGN_IN = "/sign-in/passkey"
MAKE = f"{SECURITY}/passkeys"


def options(screen: Screen, action: str) -> str:
    """Return what the page lets the browser ask."""
    form = next(form for form in screen.page.all("form", action=action) if "data-options" in form.attributes)
    return form.attributes["data-options"]


def post(reader: Reader, action: str, **fields: str) -> Screen:
    """Send a form as the script does."""
    form = next(form for form in reader.screen.page.all("form", action=action) if "data-options" in form.attributes)
    data = {"csrf_token": form.one("input", name="csrf_token").attributes["value"], **fields}
    return reader._go("POST", action, data=data)


def make(reader: Reader, key: Authenticator, name: str = "My laptop") -> Screen:
    """Make a passkey on the page that is open."""
    return post(reader, MAKE, name=name, answer=key.make(options(reader.screen, MAKE)))


def prove(reader: Reader, key: Authenticator, **instead: bytes) -> Screen:
    """Sign in by passkey alone."""
    screen = reader.open(SIGN_IN)
    return post(reader, SIGN_IN, answer=key.prove(options(screen, SIGN_IN), **instead))
