"""JSON doors by which moderators see, impose and lift sanctions."""

from forum.access.permissions import Permission
from forum.moderation import sanction_steps, steps
from forum.moderation.sanction_present import present_all, present_sanctions
from forum.moderation.sanction_schemas import SanctionIn, SanctionOut, SanctionsOut
from forum.refusals import Kind
from forum.web.doors import Answer, ApiDoors, Call

doors = ApiDoors("sanctions")


@doors.door(
    "GET",
    "/mod/accounts/<handle>/sanctions",
    Permission.QUEUE_READ,
    load=steps.load_person,
    answers={200: SanctionsOut},
    problems=(Kind.NOT_FOUND,),
    private=True,
)
def list_all(call: Call[steps.Case, None, None]) -> Answer:
    """List what was imposed on a person, newest first, with the strikes that count and what the ladder suggests."""
    return Answer(present_all(call.session, steps.account_of(call).id, call.thing.site_id))


@doors.door(
    "POST",
    "/mod/accounts/<handle>/sanctions",
    Permission.SANCTION_IMPOSE,
    load=steps.load_person,
    body=SanctionIn,
    answers={201: SanctionOut},
    problems=(Kind.NOT_FOUND,),
)
def impose(call: Call[steps.Case, SanctionIn, None]) -> Answer:
    """Impose a sanction on a person, who can read why at once; a ban, or anything on a moderator, takes an administrator."""
    sanction = sanction_steps.impose_on(call, call.body)
    return Answer(present_sanctions(call.session, [sanction])[0], 201, location=f"/api/v1/sanctions/{sanction.id}")


@doors.door(
    "DELETE",
    "/mod/accounts/<handle>/sanctions/<id:sanction_id>",
    Permission.SANCTION_IMPOSE,
    load=steps.load_person,
    answers={200: SanctionOut},
    problems=(Kind.NOT_FOUND,),
)
def lift(call: Call[steps.Case, None, None]) -> Answer:
    """Lift a sanction before its end; what is over or lifted already stays as it is. A ban, or what an administrator imposed, takes an administrator."""
    return Answer(present_sanctions(call.session, [sanction_steps.lift_from(call)])[0])
