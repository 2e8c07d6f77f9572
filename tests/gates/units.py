# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the unit tests of the plugins by ansible-test, as the community's CI would; the arguments are handed to it."""

from __future__ import annotations

import re
import sys

from .harness import run

SHOWN = re.compile(r"^(Unit test|ERROR|FATAL|FAILED|[0-9]+ (passed|failed)|=+ .* in )")
# Those of the modules take minutes, and `make unit` has run them in the same layout. They can be named.
PLUGINS = "tests/unit/plugins/module_utils/"


def main() -> int:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    status, output = run(
        ["units", "--color", "no", "--python", version, *(sys.argv[1:] or [PLUGINS])], "units.log", SHOWN
    )
    if status == 0 and " passed" not in output:
        print("    ansible-test found nothing to test, which is no success")
        status = 1
    print("    the full output: build/logs/units.log")
    return status


if __name__ == "__main__":
    sys.exit(main())
