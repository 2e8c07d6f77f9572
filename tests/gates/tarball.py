# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Look into the built collection, install it elsewhere, and run its module from there against an embedded EC2."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from local_ec2.client import LocalEC2

from . import tree

DIST = Path("build/dist")
INSTALLED = Path("build/installed")
# What a user gets, and nothing else: a new entry at the root of the repository needs a decision.
SHIPPED = {
    "CHANGELOG.md",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "README.md",
    "changelogs",
    "docs",
    "extensions",
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
    "roles",
}
# Of the tests, only what tells ansible-test which Pythons modules may run on, wherever the tarball is tested.
SHIPPED_TESTS = {"tests", "tests/config.yml"}
# What belongs to a release that is not made yet.
UNRELEASED = Path("changelogs/fragments")
REQUIRED = {
    *SHIPPED,
    *SHIPPED_TESTS,
    "extensions/eda/rulebooks/ami_events.yml",
    "extensions/patterns/ami_sharing/meta/pattern.json",
    "meta/execution-environment.yml",
    "meta/runtime.yml",
    "plugins/modules/ec2_ami_attribute.py",
}


def dropped(names: set[str], checkout: set[Path]) -> set[str]:
    """Files beside those of the tarball that `manifest` of galaxy.yml has left out, such as ones of a new suffix."""
    wanted = {path for path in checkout if path.parts[0] in SHIPPED and not path.is_relative_to(UNRELEASED)}
    return {path.as_posix() for path in wanted} - names


def problems(names: set[str], checkout: set[Path]) -> list[str]:
    """What is in the tarball and should not be, and the other way round."""
    foreign = {name for name in names - SHIPPED_TESTS if Path(name).parts[0] not in SHIPPED}
    caches = {name for name in names if "__pycache__" in name or "cache" in Path(name).name.split(".")}
    found = [f"should not be in it: {name}" for name in sorted(foreign | caches)]
    return found + [f"is not in it: {name}" for name in sorted(REQUIRED - names | dropped(names, checkout))]


def contents(tarball: Path) -> set[str]:
    with tarfile.open(tarball) as archive:
        return {member.name.removeprefix("./") for member in archive} - {"."}


def install(tarball: Path) -> None:
    """Install it where nothing else is; --offline, because amazon.aws is here already and its version must do."""
    shutil.rmtree(INSTALLED, ignore_errors=True)
    galaxy(["install", "--offline", "--collections-path", str(INSTALLED), str(tarball)])
    galaxy(["verify", "--offline", "amikit.aws"])


def galaxy(arguments: list[str]) -> None:
    run(["ansible-galaxy", "collection", *arguments], os.environ)


def use() -> None:
    """Change an image with the installed module, and believe the EC2 rather than the module."""
    with LocalEC2() as server:
        (image,) = server.seed({"description": "old"})
        options = f"image_ids={image['image_id']} description=new"
        module = ["ansible", "localhost", "-m", "amikit.aws.ec2_ami_attribute", "-a", options]
        run(module, {**os.environ, **server.environment()})
        changed = server.image(image["image_id"])
        if changed is None or changed["description"] != "new":
            sys.exit(f"the installed module did not change the image: {changed}")


def run(command: list[str], environment: os._Environ[str] | dict[str, str]) -> None:
    """Run a command that sees only the installed collection; what it says is shown when it fails."""
    done = subprocess.run(
        command,
        env={**environment, "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED.absolute())},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{done.stdout}{' '.join(command)}: status {done.returncode}")


def main() -> None:
    (tarball,) = DIST.glob("amikit-aws-*.tar.gz")
    names = contents(tarball)
    if wrong := problems(names, tree.files(Path())):
        sys.exit("\n".join([f"{tarball}:", *wrong]))
    install(tarball)
    use()
    print(f"    {tarball.name}: {len(names)} entries, installed and used")


if __name__ == "__main__":
    main()
