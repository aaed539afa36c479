"""The disk that everything measured writes to: this machine's, or the same one with flushes that take at least so long (``slow_disk.c``).

Where a flush costs next to nothing, as on a virtual machine, writing is measured by the processor's time alone; most servers' disks are slower.
"""

import shutil
import struct
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

SOURCE = Path(__file__).with_name("slow_disk.c")
# With it, a bare insertion comes to what the disk of issue 6 let through: 314 a second on one connection.
MILLISECONDS = 2.8
# What the two disks are called.
AS_IS = "the disk as it is"
SLOW = f"a disk whose flush takes {MILLISECONDS} ms"


class Disk:
    """Servers that are started with ``environment`` flush as slowly as ``slow_down`` last said, while they run; without a C compiler, they do not."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        library, self._wait = folder / "slow_disk.so", folder / "slow_disk"
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        self.environment: Mapping[str, str] = {}
        self.slow_down(0)
        if compiler is None:
            say("no C compiler (cc): writes are measured on this machine's disk alone, not on one with slow flushes")
            return
        done = subprocess.run(
            [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            say(f"{SOURCE.name} could not be built, writes are measured on this machine's disk alone: {done.stderr.strip()[-300:]}")
            return
        self.environment = {"LD_PRELOAD": str(library), "SLOW_DISK": str(self._wait)}

    @property
    def can_be_slow(self) -> bool:
        """Whether flushes can be slowed down here."""
        return bool(self.environment)

    def slow_down(self, milliseconds: float) -> None:
        """Let every flush of the servers take at least so long from now on; 0: as long as it takes."""
        # In place: the servers have the file mapped.
        with self._wait.open("r+b" if self._wait.exists() else "w+b") as file:
            file.write(struct.pack("=q", int(milliseconds * 1e6)))
        self._wait.chmod(0o644)
