# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two commits: the same work by the collection of the checkout and by that of another commit, which take turns.

Playbooks, programs and the embedded EC2 are those of the checkout. Nothing is held against a line here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import typing as t
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from bench.catalogue import Catalogue
from bench.sharing import MODULE
from bench.sharing import ROLE
from bench.sharing import command
from bench.stage import HERE
from bench.stage import FailedError
from bench.stage import Run
from bench.stage import Stage
from bench.stage import Work
from bench.stage import cpu_of
from bench.stage import peak_of
from bench.stage import seconds_of

CHECKOUT = "checkout"
WITHOUT_LATENCY = {"latency": 0}


@dataclass(frozen=True)
class Case:
    """A work, the command that does it, and how the embedded EC2 behaves meanwhile."""

    what: str
    work: Work
    command: t.Callable[[Stage], list[str]]
    switches: dict[str, t.Any] = field(default_factory=dict)


def _attribute(stage: Stage) -> list[str]:
    return stage.playbook("attribute.yml")


def _sharing(stage: Stage) -> list[str]:
    return command(stage, MODULE)


CASES = [
    Case("1 image", Work(1, 50), _attribute),
    Case("100 images", Work(100, 50), _attribute),
    Case("100 images, no change", Work(100, 50, done=True), _attribute),
    Case("3 policies, 1 image, the role", Catalogue(1, 3), lambda stage: command(stage, ROLE)),
    Case("3 policies, 200 images", Catalogue(200, 3), _sharing),
    Case("3 policies, 200 images, no change", Catalogue(200, 3, done=True), _sharing),
    Case("1,000 images", Work(1000, 200), lambda stage: stage.program("module_process.py"), WITHOUT_LATENCY),
    Case(
        "3 policies, 1,000 images",
        Catalogue(1000, 200, overlapping=True),
        lambda stage: stage.program("sharing_process.py"),
        WITHOUT_LATENCY,
    ),
]


def against(stage: Stage, rev: str) -> str:
    """Return a table of both. The one that begins a round ends the next, so that neither is always first."""
    places = {rev: str(collections(rev)), CHECKOUT: stage.collections}
    rows = [["what", "", rev, CHECKOUT, "ratio"]]
    for case in CASES:
        runs: dict[str, list[Run]] = {name: [] for name in places}
        for number in range(stage.rounds):
            for name in list(places)[:: -1 if number % 2 else 1]:
                stage.collections = places[name]
                label = f"{case.what}, round {number + 1}: {name}"
                runs[name].append(stage.run_whole(label, case.command(stage), case.work, **case.switches))
        rows += _compared(case.what, runs[rev], runs[CHECKOUT])
    return _aligned(rows)


FIGURES: dict[str, tuple[t.Callable[[t.Sequence[Run]], float], str]] = {
    "seconds": (seconds_of, ".2f"),
    "CPU seconds": (cpu_of, ".2f"),
    "requests": (lambda runs: max(sum(run.requests.values()) for run in runs), ".0f"),
    "peak MB": (peak_of, ".0f"),
}


def _compared(what: str, there: list[Run], here: list[Run]) -> list[list[str]]:
    rows = []
    for name, (figure_of, form) in FIGURES.items():
        before, now = figure_of(there), figure_of(here)
        rows.append([what, name, f"{before:{form}}", f"{now:{form}}", f"{now / before:.2f}"])
    return rows


def _aligned(rows: list[list[str]]) -> str:
    widths = [max(len(row[number]) for row in rows) for number in range(len(rows[0]))]
    return "\n".join("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows)


def collections(rev: str) -> Path:
    """Return a directory in which Ansible finds the collection as it was at that commit, with amazon.aws beside it."""
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}")
    if commit.returncode != 0:
        raise FailedError(f"git knows no commit {rev}")
    root = HERE.parent / "build" / "bench" / "against"
    shutil.rmtree(root, ignore_errors=True)
    here = root / "ansible_collections" / "amikit" / "aws"
    here.mkdir(parents=True)
    archive = root / "archive.tar"
    _git("archive", "--output", str(archive), commit.stdout.strip()).check_returncode()
    with tarfile.open(archive) as packed:
        packed.extractall(here, filter="data")
    archive.unlink()
    amazon = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"], "ansible_collections", "amazon")
    (root / "ansible_collections" / "amazon").symlink_to(amazon.resolve())
    return root


def _git(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", "-C", str(HERE.parent), *words], check=False, stdout=subprocess.PIPE, encoding="utf-8"
    )
