# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the gates that the arguments name, each as `make GATE`, and say at the end which passed.

The integration targets and mypy keep one processor busy and the others another: they run beside them, and what they say
is printed when they have ended.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import typing as t

from .harness import LOGS
from .harness import refuse_blanks
from .versions import versions


class Gate:
    """One gate under way; `log` collects its output, which is otherwise shown at once."""

    def __init__(self, name: str, *, beside: bool, arguments: str = "") -> None:
        self.name = name
        self.log = log = LOGS / f"beside-{name}.log" if beside else None
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


def run(names: list[str], beside: t.Collection[str], **arguments: str) -> bool:
    """Run them, those of ``beside`` beside all others; say which passed, and tell whether one failed."""
    LOGS.mkdir(parents=True, exist_ok=True)
    first = [name for name in names if name not in beside]
    others = [Gate(name, beside=True) for name in names if name in beside and first]
    for other in others:
        print(f"==> {other.name}: started beside the others; what it says follows at the end", flush=True)
    try:
        gates = (Gate(name, beside=False, arguments=arguments.get(name, "")) for name in first or names)
        lines = [gate.wait() for gate in gates]
        lines += [other.wait() for other in others]
    finally:
        for other in others:
            other.process.terminate()
    print("", *lines, versions(), sep="\n")
    failed = [line.split()[0] for line in lines if "FAILED" in line]
    print(f"FAILED: {', '.join(failed)}" if failed else f"all {len(lines)} gates passed")
    return bool(failed)


def main() -> int:
    refuse_blanks()
    return run(sys.argv[1:], ("integration", "mypy"))


if __name__ == "__main__":
    sys.exit(main())
