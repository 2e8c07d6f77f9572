# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the gates that take a minute together: of the unit tests, the pure ones and those of what changed.

What changed is what differs from the branch main of the remote repository, or from the last commit if there is none.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .harness import refuse_blanks
from .together import run

PURE = "tests/unit/plugins/module_utils"
BASE = "origin/main"


def git(*words: str) -> list[str]:
    """Return the lines that git prints; none if it fails, as for a branch that is not there."""
    return subprocess.run(["git", *words], check=False, capture_output=True, encoding="utf-8").stdout.splitlines()


def changed() -> list[Path]:
    base = [*git("merge-base", "HEAD", BASE), "HEAD"][0]
    return [Path(name) for name in git("diff", "--name-only", base) + git("ls-files", "--others", "--exclude-standard")]


def tests_of(path: Path) -> list[str]:
    """Return the tests in a file, or those that are named after it."""
    if path.suffix != ".py":
        return []
    tests = list(Path("tests/unit").rglob("test_*.py"))
    return [str(test) for test in tests if path == test or is_named_after(test.stem, path)]


def is_named_after(test: str, path: Path) -> bool:
    of_module = path.parent.name == "modules" and test.startswith(f"test_{path.stem}")
    return of_module or test.endswith(f"_{path.stem}")


def main() -> int:
    refuse_blanks()
    of_changed = sorted({test for path in changed() for test in tests_of(path)})
    others = [test for test in of_changed if not test.startswith(PURE)]
    return run(["format", "lint", "mypy", "unit"], ("lint",), unit=" ".join([PURE, *others]))


if __name__ == "__main__":
    sys.exit(main())
