# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stands in for the get-pip.py that ansible-test would download: Python's own ensurepip, then the package index.

So the gates need no server but that of the package index. It must run on the oldest Python ansible-test makes
environments for, 3.8.
"""

from __future__ import annotations

import subprocess
import sys


def main() -> int:
    # get-pip.py takes these two; pip does not.
    requested = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
    subprocess.check_call([sys.executable, "-m", "ensurepip"], stdout=subprocess.DEVNULL)
    return subprocess.call([sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", *requested])


if __name__ == "__main__":
    sys.exit(main())
