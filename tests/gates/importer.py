# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Let galaxy-importer check the tarball as Galaxy and Automation Hub do, with no finding left over.

Its exit status tells only of what it refuses; findings of documentation, lint and changelog are lines of its log.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

from .harness import LOGS
from .tarball import DIST

# ansible-test is left out: here it is a gate of its own, and the importer would run it in a container.
CONFIGURATION = """\
[galaxy-importer]
RUN_ANSIBLE_DOC = True
RUN_ANSIBLE_LINT = True
OFFLINE_ANSIBLE_LINT = True
RUN_FLAKE8 = True
CHECK_CHANGELOG = True
CHECK_REQUIRED_TAGS = True
RUN_ANSIBLE_TEST = False
"""
FINDING = re.compile(r"^(ERROR|WARNING)\b.*", re.MULTILINE)


def main() -> int:
    (tarball,) = DIST.glob("amikit-aws-*.tar.gz")
    LOGS.mkdir(parents=True, exist_ok=True)
    configuration = LOGS / "galaxy-importer.cfg"
    configuration.write_text(CONFIGURATION, encoding="utf-8")
    # It brings its own path of collections, and takes amazon.aws from the packages of its Python.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    done = subprocess.run(
        [sys.executable, "-m", "galaxy_importer.main", str(tarball.absolute())],
        env={**environment, "GALAXY_IMPORTER_CONFIG": str(configuration.absolute())},
        cwd=LOGS,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    (LOGS / "importer.log").write_text(done.stdout, encoding="utf-8")
    findings = [found[0] for found in FINDING.finditer(done.stdout)]
    print(*(f"    {finding}" for finding in findings), sep="\n", end="\n" if findings else "")
    print(f"    status {done.returncode}, {len(findings)} findings; all that was said: build/logs/importer.log")
    return done.returncode or bool(findings)


if __name__ == "__main__":
    sys.exit(main())
