"""Runs ``wrk`` (https://github.com/wg/wrk), a load generator in C: in Python, sending a request takes longer than answering it does here."""

import json
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.load import WrongAnswerError

_WRITES = """
local lines, number = {{}}, 0
for line in io.lines("{file}") do lines[#lines + 1] = line end
request = function()
  number = number + 1
  local method, path, token, body = (lines[number] or lines[#lines]):match("^(%S+) (%S+) (%S+) (.*)$")
  return wrk.format(method, path, {{["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. token}}, body)
end
"""


@dataclass(frozen=True)
class Ask:
    """What is sent again and again to ``port``: one address with headers, or ``writes``, each a method, a path, a token and a body, in turn."""

    port: int
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    writes: Sequence[tuple[str, str, str, Mapping[str, object]]] = ()


def drive(ask: Ask, *, connections: int, seconds: int) -> float:
    """Return the answers a second. Raises WrongAnswerError when any was no success or not modified, when none came, or when the writes were used up."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
    for name, value in ask.headers.items():
        command += ["-H", f"{name}: {value}"]
    with tempfile.TemporaryDirectory() as folder:
        if ask.writes:
            lines, script = Path(folder, "writes"), Path(folder, "writes.lua")
            lines.write_text("\n".join(" ".join((*write[:3], json.dumps(write[3]))) for write in ask.writes), encoding="utf-8")
            script.write_text(_WRITES.format(file=lines), encoding="utf-8")
            command += ["-s", str(script)]
        done = subprocess.run([*command, f"http://127.0.0.1:{ask.port}{ask.path}"], capture_output=True, text=True, check=False)
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if done.returncode or found is None or float(found[1]) == 0 or "Non-2xx" in done.stdout:
        raise WrongAnswerError(f"{ask.path} {' '.join(write[1] for write in ask.writes[:1])}: {done.stdout[-300:]} {done.stderr[-300:]}")
    sent = re.search(r"(\d+) requests in", done.stdout)
    if ask.writes and sent is not None and int(sent[1]) > len(ask.writes):
        raise WrongAnswerError(f"{ask.writes[0][1]}: {sent[1]} answers to {len(ask.writes)} writes, the last of which was sent again")
    return float(found[1])
