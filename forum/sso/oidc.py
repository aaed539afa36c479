"""Signing in with a provider of OpenID Connect: authorization code with PKCE, bound to this browser by state and nonce (Core 1.0, RFC 7636, RFC 9207)."""

from collections.abc import Mapping
from hmac import compare_digest
from typing import Any

from forum.accounts.actions import NAME_MAX
from forum.clock import now
from forum.refusals import Kind, Refusal
from forum.sentences import sentence
from forum.sso.fetching import bound, down, fetch_object
from forum.sso.person import WISH_MAX, Person, bad_token, is_name, read_person
from forum.sso.provider import Provider, get_provider, read_signed
from forum.sso.trips import Trip
from forum.text.limits import find_line_faults
from forum.web.context import settings

SCOPE = "openid profile email"
RETURN = "/sign-in/oidc/return"
CLOCK_SECONDS = 60
NOBODY = "New member"


def is_offered() -> bool:
    """Whether the settings name a provider."""
    return bool(settings().oidc_issuer)


def address_of(trip: Trip) -> str:
    """Return where the browser goes to sign in at the provider. Raises Refusal ``unavailable``."""
    provider = get_provider()
    address, _ = _client(provider).create_authorization_url(
        provider.authorization, state=trip.state, nonce=trip.nonce, code_verifier=trip.verifier
    )
    return str(address)


def check_return(trip: Trip, *, code: str, issuer: str, error: str) -> Person:
    """Return who comes back from the provider. Called while no transaction is open.

    Raises Refusal ``unauthenticated`` when they did not sign in there, ``sso-token-invalid``, ``sso-token-expired``, ``address-unconfirmed``, ``unavailable``.
    """
    provider = get_provider()
    # Mix-up: an answer of another provider must not be taken to this one (RFC 9207).
    if (issuer or provider.names_itself) and issuer != provider.issuer:
        raise bad_token("wrong-issuer", "This answer is not from the provider where the sign-in was started.")
    if error or not code:
        raise Refusal(
            Kind.UNAUTHENTICATED, sentence("You were not signed in at %(name)s. Nothing was changed.", name=settings().provider_name)
        )
    answer = _redeem(provider, trip, code)
    claims = _check_claims(provider, trip, read_signed(str(answer.get("id_token", ""))))
    return _read(provider, claims, str(answer.get("access_token", "")))


def _client(provider: Provider) -> Any:
    from authlib.integrations.requests_client import OAuth2Session

    secret = settings().oidc_client_secret
    by_post = "client_secret_basic" not in provider.token_auth and "client_secret_post" in provider.token_auth
    method = "none" if not secret else "client_secret_post" if by_post else "client_secret_basic"
    return bound(
        OAuth2Session(
            settings().oidc_client_id,
            secret,
            scope=SCOPE,
            redirect_uri=f"{settings().base_url}{RETURN}",
            token_endpoint_auth_method=method,
            code_challenge_method="S256",
        )
    )


def _redeem(provider: Provider, trip: Trip, code: str) -> Mapping[str, Any]:
    from authlib.common.errors import AuthlibBaseError
    from requests import RequestException

    with _client(provider) as client:
        try:
            answer: Mapping[str, Any] = client.fetch_token(
                provider.token, grant_type="authorization_code", code=code, code_verifier=trip.verifier
            )
        except RequestException as error:
            # Among them are redirects, answers that are too long, and what is no JSON.
            raise down(type(error).__name__) from None
        except AuthlibBaseError as error:
            raise bad_token("bad-code", "The provider does not take its own answer back. Please start the sign-in again.") from error
        except (ValueError, TypeError) as error:
            raise down(type(error).__name__) from None
    return answer


def _check_claims(provider: Provider, trip: Trip, claims: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in ("iss", "aud", "sub", "iat", "exp", "nonce"):
        if name not in claims:
            raise bad_token("missing-claim", sentence("The provider's token lacks the claim %(name)s.", name=name))
    if claims["iss"] != provider.issuer:
        raise bad_token("wrong-issuer", "The provider's token is from somebody else.")
    known, aud = settings().oidc_client_id, claims["aud"]
    listed = aud if isinstance(aud, list) else [aud]
    if known not in listed or claims.get("azp", known if len(listed) == 1 else None) != known:
        raise bad_token("wrong-audience", "The provider's token is for another service.")
    if not isinstance(claims["nonce"], str) or not compare_digest(claims["nonce"].encode("utf-8", "replace"), trip.nonce.encode()):
        raise bad_token("wrong-nonce", "The provider's token belongs to another sign-in.")
    if not is_name(claims["sub"]):
        raise bad_token("bad-claim", "The provider's name for you (sub) must be 1 to 255 printable characters.")
    moment = now().timestamp()
    if any(isinstance(claims[name], bool) or not isinstance(claims[name], int | float) for name in ("iat", "exp")):
        raise bad_token("bad-claim", "The times in the provider's token are no numbers.")
    if claims["iat"] > moment + CLOCK_SECONDS:
        raise bad_token("from-the-future", "The provider's clock is more than a minute ahead of ours.")
    if claims["exp"] + CLOCK_SECONDS <= moment:
        raise Refusal(Kind.SSO_TOKEN_EXPIRED, "This sign-in was started too long ago. Please start it again.")
    return claims


def _read(provider: Provider, claims: Mapping[str, Any], access_token: str) -> Person:
    said = dict(claims)
    if provider.userinfo and access_token and not {"email", "email_verified", "name"} <= said.keys():
        more = fetch_object(provider.userinfo, token=access_token)
        # What is said there is about somebody else unless it says that it is not (Core 1.0, section 5.3.2).
        if more.get("sub") != claims["sub"]:
            raise bad_token("wrong-subject", "The provider's answers are about two people.")
        said = more | said
    wish = said.get("preferred_username")
    names = (said.get("name"), wish, said.get("nickname"), NOBODY)
    user = {
        "name": next(name for name in map(_one_line, names) if name),
        "email": said.get("email"),
        "email_verified": said.get("email_verified"),
        "handle": wish[:WISH_MAX] if isinstance(wish, str) else "",
    }
    return read_person(provider.issuer, claims["sub"], user)


def _one_line(name: Any) -> str:
    line = " ".join(name.split())[:NAME_MAX].strip() if isinstance(name, str) else ""
    return "" if find_line_faults(line, maximum=NAME_MAX) else line
