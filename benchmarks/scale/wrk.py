"""Runs ``wrk`` (https://github.com/wg/wrk), a load generator in C: in Python, sending a request takes longer than answering it does here."""

import json
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.load import WrongAnswerError

_SENT = """
local lines, number = {{}}, 0
for line in io.lines("{file}") do lines[#lines + 1] = line end
request = function()
  local method, path, name, value, body = lines[number % #lines + 1]:match("^(.-)\t(.-)\t(.-)\t(.-)\t(.*)$")
  number = number + 1
  local headers = {{}}
  if name ~= "" then headers[name] = value end
  if body ~= "" then headers["Content-Type"] = "application/json" end
  return wrk.format(method, path, headers, body ~= "" and body or nil)
end
"""


@dataclass(frozen=True)
class Sent:
    """One request of several: ``header`` is a name and a value, ``body`` is sent as JSON."""

    method: str
    path: str
    header: tuple[str, str] = ("", "")
    body: object = None

    @property
    def line(self) -> str:
        """The request as the script reads it."""
        return "\t".join((self.method, self.path, *self.header, "" if self.body is None else json.dumps(self.body)))


@dataclass(frozen=True)
class Ask:
    """What is sent again and again to ``port``: one address with headers, or ``sent`` in turn; ``each`` of them are counted as one answer.

    ``is_once``: none of ``sent`` may be sent again.
    """

    port: int
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: Sequence[Sent] = ()
    each: int = 1
    is_once: bool = False


def writes(port: int, sent: Sequence[Sent]) -> Ask:
    """Return requests that change something, none of which is sent twice."""
    return Ask(port, sent=sent, is_once=True)


def bearer(token: str) -> tuple[str, str]:
    """Return the header by which a token is sent."""
    return "Authorization", f"Bearer {token}"


def drive(ask: Ask, *, connections: int, seconds: int) -> float:
    """Return the answers a second. Raises WrongAnswerError when any was no success or not modified, when none came, or when all that may be sent was sent."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
    for name, value in ask.headers.items():
        command += ["-H", f"{name}: {value}"]
    with tempfile.TemporaryDirectory() as folder:
        if ask.sent:
            lines, script = Path(folder, "sent"), Path(folder, "sent.lua")
            lines.write_text("\n".join(one.line for one in ask.sent), encoding="utf-8")
            script.write_text(_SENT.format(file=lines), encoding="utf-8")
            command += ["-s", str(script)]
        done = subprocess.run([*command, f"http://127.0.0.1:{ask.port}{ask.path}"], capture_output=True, text=True, check=False)
    first = ask.sent[0].path if ask.sent else ask.path
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if done.returncode or found is None or float(found[1]) == 0 or "Non-2xx" in done.stdout:
        raise WrongAnswerError(f"{first}: {done.stdout[-300:]} {done.stderr[-300:]}")
    answered = re.search(r"(\d+) requests in", done.stdout)
    if ask.is_once and answered is not None and int(answered[1]) > len(ask.sent):
        raise WrongAnswerError(f"{first}: {answered[1]} answers to {len(ask.sent)} writes, some of which were sent again")
    return float(found[1])
