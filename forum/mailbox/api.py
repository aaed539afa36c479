"""JSON doors of what is done by mail: confirm an address or change it, sign in, set a new password. Asking is answered alike for every address."""

from forum.access.permissions import Permission
from forum.accounts.models import Account
from forum.accounts.steps import load_self
from forum.mailbox.asking import (
    ask_for_address,
    ask_for_confirmation,
    ask_for_reset,
    ask_for_sign_in,
    prepare_address,
    prepare_confirmation,
    prepare_mail,
)
from forum.mailbox.entering import Reset, prepare_reset, reset_password
from forum.mailbox.schemas import AskedOut, EmailIn, MailSignInIn, ResetAskIn, ResetIn
from forum.refusals import Kind
from forum.web.doors import Answer, ApiDoors, Call
from forum.web.pages import safe_next

doors = ApiDoors("mailbox")
IF_THERE = AskedOut("If there is an account with this address, a mail is on its way there.")
ON_ITS_WAY = AskedOut("A mail is on its way; the link in it is good for three days.")


def prepare_sign_in(call: Call[None, MailSignInIn, None]) -> None:
    """Charge the mail."""
    prepare_mail(call.body.email)


@doors.door(
    "POST",
    "/session/mail",
    Permission.SESSION_CREATE,
    prepare=prepare_sign_in,
    body=MailSignInIn,
    answers={202: AskedOut},
    problems=(Kind.RATE_LIMITED,),
    csrf=False,
)
def mail_sign_in(call: Call[None, MailSignInIn, None]) -> Answer:
    """Mail a link that signs in, if the address is an account's; the answer is the same for every address."""
    ask_for_sign_in(call.session, call.body.email, then=safe_next(call.body.next, otherwise=""))
    return Answer(IF_THERE, 202)


def prepare_reset_mail(call: Call[None, ResetAskIn, None]) -> None:
    """Charge the mail."""
    prepare_mail(call.body.email)


@doors.door(
    "POST",
    "/password-resets",
    Permission.SESSION_CREATE,
    prepare=prepare_reset_mail,
    body=ResetAskIn,
    answers={202: AskedOut},
    problems=(Kind.RATE_LIMITED,),
    csrf=False,
)
def mail_reset(call: Call[None, ResetAskIn, None]) -> Answer:
    """Mail a link to a new password, if the address is an account's; the answer is the same for every address."""
    ask_for_reset(call.session, call.body.email)
    return Answer(IF_THERE, 202)


def prepare_new_password(call: Call[None, ResetIn, None]) -> Reset:
    """Check the link and hash the new password while no transaction is open."""
    return prepare_reset(call.body.token, call.body.new_password)


@doors.door(
    "PUT",
    "/password-resets",
    Permission.LINK_FOLLOW,
    prepare=prepare_new_password,
    body=ResetIn,
    answers={204: None},
    problems=(Kind.LINK_EXPIRED,),
    csrf=False,
)
def reset(call: Call[None, ResetIn, None]) -> Answer:
    """Set a new password with a mailed link; every sign-in of the account ends."""
    reset_password(call.session, call.body.token, call.prepared)
    return Answer(status=204)


@doors.door(
    "POST",
    "/me/confirmation",
    Permission.SECURITY_EDIT,
    load=load_self,
    prepare=prepare_confirmation,
    answers={202: AskedOut},
    problems=(Kind.CONFLICT, Kind.RATE_LIMITED),
)
def mail_confirmation(call: Call[Account, None, None]) -> Answer:
    """Mail the link that confirms one's address again."""
    ask_for_confirmation(call.session, call.thing)
    return Answer(ON_ITS_WAY, 202)


def prepare_email(call: Call[Account, EmailIn, None]) -> None:
    """Check the password and charge the mail while no transaction is open."""
    prepare_address(call, email=call.body.email, password=call.body.password)


@doors.door(
    "PUT",
    "/me/email",
    Permission.SECURITY_EDIT,
    load=load_self,
    prepare=prepare_email,
    body=EmailIn,
    answers={202: AskedOut},
    problems=(Kind.RATE_LIMITED,),
)
def change_email(call: Call[Account, EmailIn, None]) -> Answer:
    """Ask for another address: it is one's own once the link in the mail to it is followed."""
    ask_for_address(call.session, call.thing, call.body.email)
    return Answer(ON_ITS_WAY, 202)
