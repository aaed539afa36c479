"""JSON doors of second factors: list one's own, and remove one. Adding one needs a page: a QR code, or a browser's passkey."""

from forum.access.permissions import Permission
from forum.factors.actions import remove_factor
from forum.factors.confirming import prepare_confirmation
from forum.factors.present import present_factors
from forum.factors.proving import Proof, redeem
from forum.factors.schemas import FactorRemoval, FactorsOut
from forum.refusals import Kind
from forum.web.doors import Answer, ApiDoors, Call

doors = ApiDoors("factors")


@doors.door("GET", "/me/factors", Permission.SECURITY_EDIT, answers={200: FactorsOut}, private=True)
def list_mine(call: Call[None, None, None]) -> Answer:
    """List one's second factors, without their secrets."""
    return Answer(present_factors(call.session, call.viewer.account_id or 0))


def prepare_removal(call: Call[None, FactorRemoval, None]) -> Proof | None:
    """Check the password and the code while no transaction is open."""
    return prepare_confirmation(call.viewer, password=call.body.password, code=call.body.code)


@doors.door(
    "DELETE",
    "/me/factors/<id:factor_id>",
    Permission.SECURITY_EDIT,
    prepare=prepare_removal,
    body=FactorRemoval,
    answers={204: None},
    problems=(Kind.NOT_FOUND, Kind.RATE_LIMITED),
)
def remove(call: Call[None, FactorRemoval, None]) -> Answer:
    """Remove one of one's second factors, with the password and a code: a sign-in that was stolen is not enough."""
    if call.prepared is not None:
        redeem(call.session, call.prepared)
    remove_factor(call.session, call.viewer.account_id or 0, call.path["factor_id"])
    return Answer(status=204)
