# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run ansible-test's sanity tests; the arguments are handed to it, say a test's name: --test pylint."""

from __future__ import annotations

import re
import sys

from .harness import run

SHOWN = re.compile(r"^(Running sanity test|ERROR|FATAL|WARNING: (Required|Reviewing|All))")


def main() -> int:
    status, output = run(["sanity", "--color", "no", *sys.argv[1:]], "sanity.log", SHOWN)
    tests = output.count("Running sanity test ")
    if status == 0 and ("All targets skipped" in output or not tests):
        print("    ansible-test found nothing to test, which is no success")
        status = 1
    print(f"    {tests} sanity tests run; the full output: build/logs/sanity.log")
    return status


if __name__ == "__main__":
    sys.exit(main())
