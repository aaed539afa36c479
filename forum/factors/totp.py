"""Time-based one-time passwords (RFC 6238): 30 seconds a step, SHA-1, six digits, and one step before and after for clocks that are not quite right."""

import hmac

from forum.clock import now

STEP_SECONDS = 30
DIGITS = 6
DRIFT = 1


def make_secret() -> str:
    """Return a new random secret of 160 bits in base 32, as apps take it."""
    import pyotp

    return pyotp.random_base32(32)


def find_steps(secret: str, code: str) -> list[int]:
    """Return the steps around now whose code this is, earliest first; none for a wrong code. Every step costs the same comparison."""
    import pyotp

    totp = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS)
    present = int(now().timestamp()) // STEP_SECONDS
    around = range(present - DRIFT, present + DRIFT + 1)
    return [step for step in around if hmac.compare_digest(totp.generate_otp(step), code)]


def address_of(secret: str, *, account: str, issuer: str) -> str:
    """Return the otpauth: address that a QR code carries into an app."""
    import pyotp

    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS).provisioning_uri(name=account, issuer_name=issuer)


def draw_code(address: str) -> str:
    """Return the QR code of ``address`` as a data: image (SVG, black on white with its quiet zone, readable in a dark page)."""
    import segno

    return segno.make(address, error="m").svg_data_uri(scale=4, border=4, dark="#000", light="#fff")


def in_groups(secret: str) -> str:
    """Return the secret in groups of four, for typing."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
