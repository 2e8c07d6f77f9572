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

BESIDE = "integration"


class Gate:
    """One gate under way; `log` collects its output, which is otherwise shown at once."""

    def __init__(self, name: str, log: Path | None = None) -> None:
        self.name = name
        self.log = log
        self.started = time.time()
        output = log.open("w", encoding="utf-8") if log else None
        make = [os.environ.get("MAKE", "make"), f"PYTHON={sys.executable}", "ARGS=", name]
        self.process = subprocess.Popen(
            make, stdin=subprocess.DEVNULL, stdout=output, stderr=output and subprocess.STDOUT
        )

    def wait(self) -> str:
        """Wait for its end, show what was not seen, and return its line of the summary."""
        status = self.process.wait()
        # Its last output tells when it ended, which may be long ago.
        seconds = (self.log.stat().st_mtime if self.log else time.time()) - self.started
        if self.log:
            print(self.log.read_text(encoding="utf-8"), end="", flush=True)
        return f"  {self.name:12} {'FAILED' if status else 'passed'} {seconds:5.0f} s"


def run(names: list[str]) -> list[str]:
    """Run them, and return their lines of the summary."""
    LOGS.mkdir(parents=True, exist_ok=True)
    beside = Gate(BESIDE, LOGS / "beside.log") if BESIDE in names and len(names) > 1 else None
    if beside:
        print(f"==> {BESIDE}: started beside the others; what it says follows at the end", flush=True)
    try:
        lines = [Gate(name).wait() for name in names if not (beside and name == BESIDE)]
        return [*lines, beside.wait()] if beside else lines
    finally:
        if beside:
            beside.process.terminate()


def main() -> int:
    refuse_blanks()
    lines = run(sys.argv[1:])
    print("", *lines, versions(), sep="\n")
    failed = [line.split()[0] for line in lines if "FAILED" in line]
    print(f"FAILED: {', '.join(failed)}" if failed else f"all {len(lines)} gates passed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
