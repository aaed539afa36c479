"""``forum check``: is everything that is derived as it must be? Runs inside the application's context, which the command line opens around it.

Exit code 1 when faults remain.
"""

import json
import sys
from typing import Any

import click

from forum.operating.checking import CHECKS, Outcome, run_checks


@click.command("check", epilog="Checks: " + "; ".join(f"{check.name}: {check.meaning}" for check in CHECKS) + ".")
@click.option("--repair", is_flag=True, help="Mend what is only derived: counts, tallies, places; never a text, a decision or the log.")
@click.option(
    "--only", "names", multiple=True, type=click.Choice([check.name for check in CHECKS]), help="Only this check; may be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def check_command(repair: bool, names: tuple[str, ...], as_json: bool) -> None:
    """Compare everything that is counted, derived or chained with what it comes from, while the site is used; exit code 1 when faults remain."""
    chosen = [check for check in CHECKS if not names or check.name in names]
    outcomes = []
    for outcome in run_checks(repair=repair, checks=chosen):
        outcomes.append(outcome)
        if not as_json:
            _say(outcome)
    left = sum(outcome.left for outcome in outcomes)
    if as_json:
        click.echo(json.dumps({"faults_left": left, "checks": [_as_json(outcome) for outcome in outcomes]}, ensure_ascii=False, indent=2))
    else:
        click.echo(_summary(outcomes, left, repair))
    sys.exit(1 if left else 0)


def _say(outcome: Outcome) -> None:
    check = outcome.check
    if not outcome.found:
        click.echo(f"ok      {check.name}: {check.meaning}")
        return
    said = "mended" if not outcome.left else "WRONG"
    click.echo(f"{said:<7} {check.name}: {outcome.found} fault{'' if outcome.found == 1 else 's'}, {outcome.mended} mended")
    for fault in outcome.shown:
        click.echo(f"        {fault.what}: {fault.said}")
    if outcome.found > len(outcome.shown):
        click.echo(f"        … and {outcome.found - len(outcome.shown)} more")
    if outcome.left and check.way_out:
        click.echo(f"        {check.way_out}")


def _summary(outcomes: list[Outcome], left: int, repair: bool) -> str:
    if left:
        can_mend = not repair and any(outcome.left and outcome.check.mend is not None for outcome in outcomes)
        return f"{left} fault{'' if left == 1 else 's'} left." + (" 'forum check --repair' mends what is only derived." if can_mend else "")
    mended = sum(outcome.mended for outcome in outcomes)
    return f"Everything is as it must be{f' again: {mended} mended' if mended else ''}."


def _as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.check.name,
        "meaning": outcome.check.meaning,
        "found": outcome.found,
        "mended": outcome.mended,
        "left": outcome.left,
        "faults": [{"what": fault.what, "said": fault.said} for fault in outcome.shown],
        "way_out": outcome.check.way_out if outcome.left else "",
    }
