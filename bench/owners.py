# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Owner accounts: one play over an inventory of them, by forks, against the sum of what each takes on its own."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass
from dataclasses import field

from bench.lines import sent
from bench.lines import shown
from bench.lines import within
from bench.report import Section
from bench.stage import HERE
from bench.stage import Run
from bench.stage import Stage
from bench.stage import Work
from local_ec2.client import LocalEC2

OWNERS, FORKS = 20, (1, 5, 10)
ALONE = 10  # of the owners, who are all alike
ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True)
class Owners(Work):
    """The images of several owners, each with the same number of them. The description is an inventory."""

    numbers: t.Sequence[int] = ()
    keys: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def described(self) -> dict[str, t.Any]:
        python = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        policy = {"name": "Golden images", "filters": {}, "pattern": "share", "principals": self.user_ids}
        variables = {**python, "ami_sharing_policies": [policy]}
        hosts = {account: {"ami_sharing_connection": keys} for account, keys in self.keys.items()}
        return {"all": {"vars": variables, "hosts": hosts}}

    @property
    def owned(self) -> list[tuple[str, str]]:
        """(account, image id) of every image."""
        return [
            (f"{900_000_000_000 + number}", f"ami-{number * self.images + each:017x}")
            for number in self.numbers
            for each in range(self.images)
        ]

    def make(self, ec2: LocalEC2) -> None:
        ec2.seed(*({"image_id": image_id, "account": account} for account, image_id in self.owned))
        for account in dict.fromkeys(account for account, _image_id in self.owned):
            made = ec2.principal("owner", ANYTHING, account)
            self.keys[account] = {"access_key": made["access_key"], "secret_key": made["secret_key"]}
        ec2.switch(iam=False)

    def unshared(self, ec2: LocalEC2) -> list[str]:
        found = {image_id: ec2.image(image_id, account=account) for account, image_id in self.owned}
        return [
            image_id
            for image_id, image in found.items()
            if image is None or image["launch_permissions"]["user_ids"] != self.user_ids
        ]

    @property
    def what(self) -> str:
        return f"{len(self.numbers)} x {self.images} images"


def owners(stage: Stage) -> Section:
    """Owners alone, then all of them in one play."""
    together = Owners(images=20, accounts=50, numbers=range(OWNERS))
    alone = [Owners(images=20, accounts=50, numbers=[number]) for number in range(ALONE)]
    singles = [stage.run_whole(work.what, share(stage, 1), work) for work in alone]
    runs = {"the sum of single runs": _sum(singles * (OWNERS // ALONE))}
    for forks in FORKS:
        name = f"forks {forks}"
        runs[name] = stage.run_whole(f"{together.what}, {name}", share(stage, forks), together)
    runs[WITH_REPORTS] = stage.run_whole(f"{together.what}, reports", joining(stage), together)
    return _section(together, runs)


WITH_REPORTS = "forks 10, with each report and the joined one"


def share(stage: Stage, forks: int) -> list[str]:
    return _on_inventory(stage, ["ansible-playbook", "amikit.aws.share", "-e", "ami_sharing_hosts=all"], forks)


def joining(stage: Stage) -> list[str]:
    reports = ["-e", f"reports={stage.directory}"]
    return _on_inventory(stage, ["ansible-playbook", str(HERE / "owners.yml"), *reports], max(FORKS))


def _on_inventory(stage: Stage, command: list[str], forks: int) -> list[str]:
    return [*command, "-i", str(stage.work_file), "--forks", str(forks)]


def _sum(singles: t.Sequence[Run]) -> Run:
    """Return what runs one after the other take together."""
    actions = dict.fromkeys(action for run in singles for action in run.requests)
    requests = {action: sum(run.requests.get(action, 0) for run in singles) for action in actions}
    seconds, cpu = sum(run.seconds for run in singles), sum(run.cpu for run in singles)
    return Run(0, "", seconds, cpu, max(run.peak for run in singles), requests)


def _section(work: Owners, runs: dict[str, Run]) -> Section:
    whole = next(iter(runs.values()))
    rows = [["what", "seconds", "of their sum", "CPU seconds", "of their sum of CPU", "requests", "peak MB"]]
    for name, run in runs.items():
        times = [f"{run.seconds:.1f}", f"{run.seconds / whole.seconds:.2f}"]
        spent = [f"{run.cpu:.1f}", f"{run.cpu / whole.cpu:.2f}"]
        rows.append([name, *times, *spent, shown(run.requests), f"{run.peak:.0f}"])
    ten = runs[f"forks {max(FORKS)}"]
    goals = [
        within(f"{work.what}, forks 10: of the sum", ten.seconds / whole.seconds),
        sent(f"{work.what}: requests", (run.requests for run in runs.values())),
    ]
    note = _NOTE.format(cores=os.cpu_count(), alone=ALONE, times=OWNERS // ALONE)
    return Section("Several owners", rows, goals, [note])


_NOTE = (
    "Each owner is a host of an inventory, with keys of its own, and shares its images with 50 accounts. The playbook"
    " is `amikit.aws.share`. Alone, each owner is a run of `ansible-playbook`; together, they are one. Everything runs"
    " once, and {alone} of the owners alone, who are all alike: the sum is {times} times theirs. This machine has"
    " {cores} cores, which also run the embedded EC2: its CPU seconds are not among those of the table."
)
