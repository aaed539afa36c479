"""What a sign-in's browser calls itself, in words that its owner recognises: "Firefox · Linux".

Nothing is decided by it: anybody can send any name.
"""

# The first that is found names it: browsers carry the names of those they resemble.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python", "Python"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
KEPT = 60


def name_device(user_agent: str) -> str:
    """Return browser and system, as far as the User-Agent header tells them, else its beginning; empty for an empty one."""
    browser = _find(_BROWSERS, user_agent)
    system = _find(_SYSTEMS, user_agent)
    if browser and system:
        return f"{browser} · {system}"
    return browser or system or user_agent[:KEPT]


def _find(names: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for mark, name in names if mark in user_agent), "")
