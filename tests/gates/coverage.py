# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compare what the unit tests covered, by branches, with what they must cover."""

from __future__ import annotations

import io
import sys

from coverage import Coverage

# In percent. What decides who is granted and who is revoked has no line that no test has seen.
FLOORS: dict[str, tuple[float, list[str]]] = {
    "the planner and the parsing": (
        100,
        [
            f"*/{name}.py"
            for name in ("permissions", "plan", "key_policy", "keys", "options", "policies", "merge", "guards")
        ],
    ),
    "the plugins": (95, ["*/plugins/*"]),
}


def main() -> int:
    measured = Coverage(config_file="tests/coverage.ini")
    measured.load()
    short = False
    for what, (floor, include) in FLOORS.items():
        table = io.StringIO()
        for pattern in include:
            # A pattern that no longer matches a file, as after a rename, is an error by itself, and unnoticed among
            # others.
            measured.report(include=[pattern], file=io.StringIO())
        covered = measured.report(include=include, file=table)
        print(f"    covered of {what}: {covered:.1f} %, at least {floor} %")
        if covered < floor:
            print(table.getvalue())
            short = True
    return short


if __name__ == "__main__":
    sys.exit(main())
