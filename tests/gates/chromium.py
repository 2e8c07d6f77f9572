# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Install Debian's chromium, in which the tests open the role's report, where that can be done: on Debian, by root.

Elsewhere this says what is left out, and so does the test that is skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess

INSTALL = (["apt-get", "update"], ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"])


def hindrance() -> str:
    """Install it, and return what is in the way, if anything is."""
    if shutil.which("apt-get") is None:
        return "apt-get is not here"
    if os.geteuid():
        return "only root can install it"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in INSTALL:
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode:
            return (done.stderr.decode(errors="replace").strip().splitlines() or [f"{command} failed"])[-1]
    return ""


def main() -> None:
    if shutil.which("chromium"):
        return
    print("==> environment: Debian's chromium, to open the role's report in (once, about half a minute)", flush=True)
    if reason := hindrance():
        print(f"    NOTICE: no chromium, {reason}. The report will not be opened in a browser.")


if __name__ == "__main__":
    main()
