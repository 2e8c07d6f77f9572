# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Install amazon.aws into the site-packages of the Python that runs this, with nothing but pip.

No package of the index carries the collection alone. The `ansible` package does, with a hundred others: its wheel is
downloaded without dependencies, and only this one collection is unpacked. ansible-galaxy finds it there.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

REQUIREMENTS = Path(__file__).parents[1] / "requirements" / "amazon-aws.txt"
MEMBERS = "ansible_collections/amazon/aws/"


def download(directory: Path, *what: str) -> Path:
    """The wheel of the `ansible` package that pip is asked for in these words."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--only-binary", ":all:", "--dest", str(directory), *what], check=True)
    (wheel,) = directory.glob("ansible-*.whl")
    return wheel


def unpack(wheel: Path, site_packages: Path) -> None:
    """Replace what is there of the collection with what the wheel carries."""
    shutil.rmtree(site_packages / MEMBERS, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.startswith(MEMBERS)]
        if not names:
            sys.exit(f"{wheel.name} carries no {MEMBERS}")
        archive.extractall(site_packages, names)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        wheel = download(Path(directory), "--requirement", str(REQUIREMENTS))
        unpack(wheel, Path(sysconfig.get_path("purelib")))


if __name__ == "__main__":
    main()
