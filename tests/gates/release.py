# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tell whether the checkout is ready for release, and list what would be published. Nothing is published."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
from pathlib import Path

import yaml
from packaging.version import Version

from .tarball import DIST
from .tree import TREE

FRAGMENTS = Path("changelogs/fragments")


def said(command: list[str], directory: Path = Path()) -> str:
    done = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, encoding="utf-8", check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: status {done.returncode}")
    return done.stdout


def git(*arguments: str) -> list[str]:
    """The lines that git prints, whoever owns the checkout."""
    return said(["git", "-c", "safe.directory=*", *arguments]).splitlines()


def version() -> str:
    return str(yaml.safe_load(Path("galaxy.yml").read_text(encoding="utf-8"))["version"])


def hindrances() -> list[str]:
    """What must be done before this can be released, in words."""
    found = of_the_changelog()
    if changes := git("status", "--porcelain", "--untracked-files=all"):
        found.append(f"the checkout has {len(changes)} changes that are not committed")
    if git("tag", "--list", version()) and version() not in git("tag", "--points-at", "HEAD"):
        found.append(f"the tag {version()} is on another commit: galaxy.yml needs a new version")
    return found


def of_the_changelog() -> list[str]:
    found = []
    released = yaml.safe_load(Path("changelogs/changelog.yaml").read_text(encoding="utf-8"))["releases"]
    if version() not in released:
        found.append(f"changelogs/changelog.yaml has no {version()}: run antsibull-changelog release")
    if later := [each for each in released if Version(each) > Version(version())]:
        found.append(f"changelogs/changelog.yaml has {', '.join(later)}, and galaxy.yml says {version()}")
    if fragments := sorted(path.name for path in FRAGMENTS.glob("*.y*ml")):
        found.append(f"changelogs/fragments has fragments that are in no release: {', '.join(fragments)}")
    # In the copy: what this writes is compared there, and nothing in the checkout is touched.
    said(["antsibull-changelog", "generate"], TREE)
    changelog = Path("CHANGELOG.md")
    if (TREE / changelog).read_bytes() != changelog.read_bytes():
        found.append("CHANGELOG.md is not what antsibull-changelog generate makes of changelogs/changelog.yaml")
    return found


def listing(tarball: Path) -> list[str]:
    """The files of the tarball, one in a line, with their sizes in bytes."""
    with tarfile.open(tarball) as archive:
        members = sorted((member for member in archive if member.isfile()), key=lambda member: member.name)
    return [f"    {member.size:8} {member.name}" for member in members]


def main() -> int:
    (tarball,) = DIST.glob("amikit-aws-*.tar.gz")
    print(*listing(tarball), sep="\n")
    digest = hashlib.sha256(tarball.read_bytes()).hexdigest()
    print(f"{tarball}: {tarball.stat().st_size} bytes, sha256 {digest}")
    if found := hindrances():
        print(f"{version()} is not ready for release:", *(f"  {each}" for each in found), sep="\n")
        return 1
    print(f"{version()} is ready. To publish it: git tag {version()}; ansible-galaxy collection publish {tarball}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
