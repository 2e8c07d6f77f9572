# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the integration targets against an embedded EC2 of their own; the arguments are the targets, none means all.

What a target finds in its variables is what integration_config.yml holds: see CONFIGURATION.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from local_ec2.client import ACCESS_KEY
from local_ec2.client import SECRET_KEY
from local_ec2.client import LocalEC2

from .harness import run
from .tree import TREE

SHOWN = re.compile(r"^(Running \S+ integration test|ERROR|FATAL|WARNING: (Excluding|All))")
RAN = re.compile(r"^Running (\S+) integration test", re.MULTILINE)
TAIL = 60
CONFIGURATION = f"""\
---
local_ec2_url: {{url}}
local_ec2_access_key: {ACCESS_KEY}
local_ec2_secret_key: {SECRET_KEY}
"""


def missing(targets: Path, asked: list[str], ran: set[str]) -> set[str]:
    """The targets that should have run and did not: ansible-test skips and excludes with status 0."""
    wanted = set(asked) or {path.name for path in targets.iterdir() if path.is_dir() and not is_helper(path)}
    return wanted - ran


def is_helper(target: Path) -> bool:
    """A target that only others depend on."""
    aliases = target / "aliases"
    hidden = aliases.is_file() and "hidden" in aliases.read_text(encoding="utf-8").split()
    return hidden or target.name.startswith(("setup_", "prepare_"))


def integrate(asked: list[str]) -> int:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    status, output = run(["integration", "--color", "no", "--python", version, *asked], "integration.log", SHOWN)
    skipped = missing(TREE / "tests" / "integration" / "targets", asked, set(RAN.findall(output)))
    if status:
        print("\n".join(output.splitlines()[-TAIL:]))
    elif skipped:
        print(f"    not run: {', '.join(sorted(skipped))}")
    return status or bool(skipped)


def main() -> int:
    with LocalEC2() as server:
        configuration = TREE / "tests" / "integration" / "integration_config.yml"
        configuration.write_text(CONFIGURATION.format(url=server.url), encoding="utf-8")
        status = integrate(sys.argv[1:])
    print("    the full output: build/logs/integration.log")
    return status


if __name__ == "__main__":
    sys.exit(main())
