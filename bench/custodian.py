# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Cloud Custodian, as its users run it: a policy file, and `custodian run`.

Only its policy file and its command line live here.
"""

from __future__ import annotations

import json
import shutil
import sys
import typing as t
from importlib.metadata import distributions
from pathlib import Path

from bench.catalogue import NAMES
from bench.catalogue import Catalogue

ENVIRONMENT = Path(f"{sys.prefix}-clients")


def version() -> str:
    """Return its version; it is not installed where the benchmark is."""
    paths = [str(path) for path in ENVIRONMENT.glob("lib/python*/site-packages")]
    return next(each.version for each in distributions(name="c7n", path=paths))


def custodian(directory: Path, work: Catalogue) -> list[str]:
    """Return the command of a first run: without the answers that an earlier one has cached."""
    output = directory / "custodian"
    shutil.rmtree(output, ignore_errors=True)
    policies = directory / "custodian.json"
    policies.write_text(json.dumps({"policies": [_policy(work, each) for each in range(work.policies)]}), "utf-8")
    return [
        str(ENVIRONMENT / "bin" / "custodian"),
        "run",
        "-s",
        str(output),
        "--cache",
        str(output / "cache"),
        str(policies),
    ]


def _policy(work: Catalogue, number: int) -> dict[str, t.Any]:
    return {
        "name": f"team-{number + 1}",
        "resource": "aws.ami",
        "filters": [{"type": "value", "key": "Name", "op": "glob", "value": NAMES}],
        "actions": [{"type": "set-permissions", "add": work.principals(number)}],
    }
