# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the collection on every Python that is here, every ansible-core that it supports and both versions of amazon.aws.

Each cell runs the sanity test of imports, the unit tests of the plugins and an integration target; one cell of each
ansible-core runs that of the role as well, which takes minutes. The arguments choose cells: those that have all of the
texts in their name, as in `make matrix ARGS='3.12 core-2.17'`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

from . import amazon_aws
from .tree import COLLECTIONS
from .tree import TREE
from .tree import link
from .tree import synchronize

# Each with the Pythons that it runs on.
CORES = {
    "2.17.14": ("3.10", "3.11", "3.12"),
    "2.18.19": ("3.11", "3.12", "3.13"),
    "2.19.14": ("3.11", "3.12", "3.13"),
    "2.20.10": ("3.12", "3.13", "3.14"),
    "2.21.5": ("3.12", "3.13", "3.14"),
}
# amazon.aws, and the ansible package that carries it.
AMAZON_AWS = {"10.1.2": "12.3.0", "11.4.0": "14.5.0"}
TARGET = "ec2_snapshot_attribute"
TARGET_OF_THE_ROLE = "role_ami_sharing"
# What takes minutes and asks nothing of Ansible or of amazon.aws that the others do not.
UNITS = [
    "-q",
    "-n",
    "4",  # many tests wait
    "-p",
    "no:cacheprovider",
    "tests/unit/plugins",
    "--ignore-glob=*/test_fa*",
    "--ignore-glob=*/test_fu*",
]

CHECKOUT = Path.cwd()
MATRIX = CHECKOUT / "build" / "matrix"
REQUIREMENTS = CHECKOUT / "tests" / "requirements"


class Cell(t.NamedTuple):
    python: Path
    version: str
    core: str
    amazon: str

    def __str__(self) -> str:
        return f"python-{self.version} core-{self.core} amazon.aws-{self.amazon}"

    @property
    def venv(self) -> Path:
        return MATRIX / f"python-{self.version}-core-{self.core}"

    @property
    def targets(self) -> list[str]:
        has_the_role = (self.version, self.amazon) == (CORES[self.core][0], [*AMAZON_AWS][-1])
        return [TARGET, TARGET_OF_THE_ROLE] if has_the_role else [TARGET]

    @property
    def home(self) -> Path:
        """Where the gates run: they name all files from the directory that they start in."""
        return MATRIX / "cells" / str(self).replace(" ", "-")


def pythons() -> dict[str, Path]:
    """The Pythons that start, by version, be they on PATH or behind the shims of a version manager."""
    found: dict[str, Path] = {}
    for version in sorted({version for versions in CORES.values() for version in versions}):
        names = [Path(directory, f"python{version}") for directory in os.get_exec_path()]
        for name in [*names, *(behind for each in names for behind in behind_shim(each))]:
            if version not in found and starts(name, version):
                found[version] = name
    return found


def behind_shim(name: Path) -> list[Path]:
    return sorted(name.parent.parent.glob(f"versions/*/bin/{name.name}")) if name.parent.name == "shims" else []


def starts(python: Path, version: str) -> bool:
    command = [str(python), "-c", "import ensurepip, sys, venv; print('%s.%s' % sys.version_info[:2])"]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    except OSError:
        return False
    return done.stdout.strip() == version


def provide_amazon_aws(version: str) -> Path:
    """The collection in that version, downloaded once."""
    root = MATRIX / f"amazon.aws-{version}"
    collection = root / amazon_aws.MEMBERS
    if not collection.is_dir():
        with tempfile.TemporaryDirectory() as directory:
            # The collection runs on more Pythons than the package that carries it.
            what = ("--ignore-requires-python", f"ansible=={AMAZON_AWS[version]}")
            amazon_aws.unpack(amazon_aws.download(Path(directory), *what), root)
    return collection


def provide_venv(cell: Cell) -> None:
    """A virtual environment with that ansible-core, made once."""
    ready = cell.venv / "ready"
    if ready.is_file():
        return
    shutil.rmtree(cell.venv, ignore_errors=True)
    subprocess.run([str(cell.python), "-m", "venv", "--without-pip", str(cell.venv)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(cell.venv), "install", "--quiet", "--disable-pip-version-check"]
    # The versions are those of the requirements, of which the tests of the plugins need but a few.
    tools = ["-c", str(REQUIREMENTS / "test.txt"), "pytest", "pytest-xdist", "hypothesis"]
    wanted = [f"ansible-core=={cell.core}", "-r", str(REQUIREMENTS / "run.txt"), *tools]
    subprocess.run([*pip, *wanted], check=True)
    ready.touch()


def prepare(cell: Cell) -> dict[str, str]:
    """Make the directory that the gates of a cell run in, and return their environment."""
    provide_venv(cell)
    synchronize(CHECKOUT, cell.home / TREE)
    link(provide_amazon_aws(cell.amazon), cell.home / COLLECTIONS / "amazon" / "aws")
    link(CHECKOUT / "build" / "home", cell.home / "build" / "home")
    collections = str((cell.home / COLLECTIONS).parent)
    return {
        **os.environ,
        "PATH": f"{cell.venv / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([collections, str(cell.home / TREE / "tests")]),
        "ANSIBLE_COLLECTIONS_PATH": collections,
    }


def run(cell: Cell) -> list[str]:
    """Run the steps of a cell, and return those that failed. What they say is beside it, in a file for each."""
    for old in cell.home.glob("*.log"):
        old.unlink()
    try:
        environment = prepare(cell)
    except subprocess.CalledProcessError:
        return ["environment"]
    steps = {
        "import": (["gates.sanity", "--test", "import", "--python", cell.version], cell.home),
        "units": (["pytest", *UNITS], cell.home / TREE),
        "integration": (["gates.integration", *cell.targets], cell.home),
    }
    failed = []
    for name, (module, directory) in steps.items():
        with (cell.home / f"{name}.log").open("w", encoding="utf-8") as log:
            command = [str(cell.venv / "bin" / "python"), "-m", *module]
            done = subprocess.run(command, cwd=directory, env=environment, stdout=log, stderr=log, check=False)
        failed += [name] if done.returncode else []
    return failed


def cells(wanted: t.Sequence[str]) -> t.Iterator[Cell]:
    for version, python in pythons().items():
        for core in (core for core, versions in CORES.items() if version in versions):
            for amazon in AMAZON_AWS:
                cell = Cell(python, version, core, amazon)
                if all(text in str(cell) for text in wanted):
                    yield cell


def main() -> int:
    status = 0
    chosen = list(cells(sys.argv[1:]))
    for number, cell in enumerate(chosen, 1):
        started = time.monotonic()
        failed = run(cell)
        status |= bool(failed)
        outcome = f"FAILED: {', '.join(failed)}" if failed else "passed"
        counted = passed(cell.home / "units.log")
        seconds = time.monotonic() - started
        print(f"  {number:2}/{len(chosen)} {cell!s:50} {outcome}, {counted}, {seconds:.0f} s", flush=True)
    missing = {version for versions in CORES.values() for version in versions} - pythons().keys()
    if missing:
        print(f"    not here, and not run: {', '.join(f'Python {version}' for version in sorted(missing))}")
    print("    the full output: build/matrix/cells")
    return status or not chosen


def passed(log: Path) -> str:
    found = re.findall(r"\d+ passed", log.read_text(encoding="utf-8") if log.exists() else "")
    return f"unit tests: {found[-1] if found else 'none passed'}"


if __name__ == "__main__":
    sys.exit(main())
