# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An organization of 500 accounts and 60 OUs: how many requests it takes to read it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from unit.organizations import large

from bench.lines import shown
from bench.lines import within
from bench.report import Section
from bench.stage import Stage
from bench.stage import Work
from local_ec2.client import LocalEC2

ACCOUNTS, UNITS = 500, 60


@dataclass(frozen=True)
class Organization(Work):
    """The organization, and what is asked of it. ``walked``: its answers have no paths, as before 2026."""

    with_units: bool = True
    walked: bool = False

    @property
    def described(self) -> dict[str, t.Any]:
        return {"organization": {"organizational_units": self.with_units}}

    def make(self, ec2: LocalEC2) -> None:
        ec2.seed_organization(**large(ACCOUNTS, UNITS))


def organizations(stage: Stage) -> Section:
    """Every account with its OUs, with and without their names, and as long as answers had no paths."""
    program = stage.program("module_process.py")
    works = {
        "with the names of OUs": Organization(images=0, accounts=0),
        "without": Organization(images=0, accounts=0, with_units=False),
        "with the names, answers without paths": Organization(images=0, accounts=0, walked=True),
    }
    rows, goals = [["what", "seconds", "requests"]], []
    for what, work in works.items():
        label = f"{ACCOUNTS} accounts, {UNITS} OUs, {what}"
        run = stage.run_whole(label, program, work, without_paths=work.walked)
        rows.append([what, f"{run.seconds:.2f}", shown(run.requests)])
        goals.append(within(f"{label}: requests", sum(run.requests.values())))
    note = "The module as a process of its own, one request after the other."
    return Section("An organization", rows, goals, [note])
