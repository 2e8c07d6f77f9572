# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring build/collections/ansible_collections/amikit/aws to what the checkout holds, with amazon.aws beside it.

ansible-test wants its collection in a directory of that very name, in a repository that does not ignore it, so the
checkout itself, a symbolic link to it and a plain copy under build/ will not do. The copy is brought up to date file
by file: what did not change keeps its time stamp, and nothing vanishes under a process that is using the tree.
Files that git ignores are neither copied nor removed.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path

COLLECTIONS = Path("build/collections/ansible_collections")
TREE = COLLECTIONS / "amikit" / "aws"


def files(repository: Path) -> set[Path]:
    """The files that git does not ignore, committed or not, and that exist."""
    # safe.directory: a checkout that belongs to another user is fine too, as in a container.
    git = ["git", "-c", "safe.directory=*", "-C", str(repository)]
    listed = subprocess.run(
        [*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True, stdout=subprocess.PIPE
    )
    paths = {Path(os.fsdecode(name)) for name in listed.stdout.split(b"\0") if name}
    return {path for path in paths if os.path.lexists(repository / path) and not is_directory(repository / path)}


def is_directory(path: Path) -> bool:
    """A directory, which git lists when it is a repository of its own; a link to one is a file to git."""
    return path.is_dir() and not path.is_symlink()


def same(one: Path, other: Path) -> bool:
    if one.is_symlink() or other.is_symlink():
        return one.is_symlink() and other.is_symlink() and one.readlink() == other.readlink()
    return other.is_file() and one.stat().st_mode == other.stat().st_mode and filecmp.cmp(one, other)


def copy(source: Path, target: Path) -> None:
    """Copy in one step, so that a reader sees the old or the new file and never half of one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f"{target.name}.{os.getpid()}.swp")  # a name that .gitignore covers
    shutil.copy2(source, beside, follow_symlinks=False)
    beside.replace(target)


def remove(tree: Path, stale: set[Path]) -> None:
    """Remove the files, and the directories that this leaves empty."""
    for path in stale:
        (tree / path).unlink(missing_ok=True)
        for parent in list(path.parents)[:-1]:
            with suppress(OSError):
                (tree / parent).rmdir()


def synchronize(checkout: Path, tree: Path) -> None:
    if not (tree / ".git").is_dir():
        subprocess.run(["git", "init", "--quiet", str(tree)], check=True)
    wanted = files(checkout)
    remove(tree, files(tree) - wanted)
    for path in wanted:
        if not same(checkout / path, tree / path):
            copy(checkout / path, tree / path)


def link(target: Path, name: Path) -> None:
    """Make `name` a symbolic link to `target`, in one step."""
    name.parent.mkdir(parents=True, exist_ok=True)
    beside = name.with_name(f"{name.name}.{os.getpid()}")
    beside.symlink_to(target)
    beside.replace(name)


def main() -> None:
    checkout = Path.cwd()
    try:
        synchronize(checkout, checkout / TREE)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"cannot copy the checkout to {TREE}: {error}")
    amazon_aws = Path(sysconfig.get_path("purelib")) / "ansible_collections" / "amazon" / "aws"
    link(amazon_aws, checkout / COLLECTIONS / "amazon" / "aws")


if __name__ == "__main__":
    main()
