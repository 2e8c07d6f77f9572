# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the gates that the arguments name, each as `make GATE`, and say at the end which passed.

The integration targets keep one processor busy and the others another: they run beside them, and what they say is
printed when they have ended.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from .harness import LOGS
from .harness import refuse_blanks
from .versions import versions


class Gate:
    """One gate under way; `log` collects its output, which is otherwise shown at once."""

    def __init__(self, name: str, log: Path | None = None, arguments: str = "") -> None:
        self.name = name
        self.log = log
        self.started = time.time()
        output = log.open("w", encoding="utf-8") if log else None
        make = [os.environ.get("MAKE", "make"), f"PYTHON={sys.executable}", f"ARGS={arguments}", name]
        self.process = subprocess.Popen(
            make, stdin=subprocess.DEVNULL, stdout=output, stderr=output and subprocess.STDOUT
        )

    def wait(self) -> str:
        """Wait for its end, show what was not seen, and return its line of the summary."""
        status = self.process.wait()
        # It ended with its last output, which may be long ago.
        seconds = (self.log.stat().st_mtime if self.log else time.time()) - self.started
        if self.log:
            print(self.log.read_text(encoding="utf-8"), end="", flush=True)
        return f"  {self.name:12} {'FAILED' if status else 'passed'} {seconds:5.0f} s"


def run(names: list[str], beside: str, **arguments: str) -> bool:
    """Run them, ``beside`` beside all others; say which passed, and tell whether one failed."""
    LOGS.mkdir(parents=True, exist_ok=True)
    other = Gate(beside, LOGS / "beside.log") if beside in names and len(names) > 1 else None
    if other:
        print(f"==> {beside}: started beside the others; what it says follows at the end", flush=True)
    try:
        gates = (Gate(name, arguments=arguments.get(name, "")) for name in names if not (other and name == beside))
        lines = [gate.wait() for gate in gates]
        lines += [other.wait()] if other else []
    finally:
        if other:
            other.process.terminate()
    print("", *lines, versions(), sep="\n")
    failed = [line.split()[0] for line in lines if "FAILED" in line]
    print(f"FAILED: {', '.join(failed)}" if failed else f"all {len(lines)} gates passed")
    return bool(failed)


def main() -> int:
    refuse_blanks()
    return run(sys.argv[1:], "integration")


if __name__ == "__main__":
    sys.exit(main())
