# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The demo: two playbooks against an embedded EC2, step by step. `make demo` runs it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
import typing as t
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from local_ec2.client import LocalEC2

VIRGINIA = {"image_id": "ami-0aaaaaaaaaaaaaaaa", "region": "us-east-1", "name": "golden-2026-11"}
IRELAND = {"image_id": "ami-0bbbbbbbbbbbbbbbb", "region": "eu-west-1", "name": "golden-2026-11"}
REPORT = HERE.parent / "build" / "demo" / "report.html"
FORMER_CUSTOMER = "777788889999"
READ_ONLY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["ec2:DescribeImages", "ec2:DescribeImageAttribute", "sts:DecodeAuthorizationMessage"],
            "Resource": "*",
        }
    ],
}


class Step(t.NamedTuple):
    """What a step shows, the playbook and its options, and whether it is meant to fail."""

    title: str
    explanation: str
    command: list[str]
    fails: bool = False


STEPS = [
    Step(
        "Preview",
        "--check --diff tells what would change. EC2 is asked with DryRun whether the caller may do so; nothing is"
        " changed.",
        ["share.yml", "--check", "--diff"],
    ),
    Step("Apply", "The same playbook for real: both Regions, in one task.", ["share.yml"]),
    Step("Apply again", "Everything is as asked, so nothing is sent but reads: changed=0.", ["share.yml"]),
    Step(
        "Search, and share the snapshots too",
        "One task reads the images of two Regions. What it returns is fed to the next as it is, Regions and all:"
        " recipients need the snapshots to copy an image.",
        ["search.yml"],
    ),
    Step(
        "A public release, where that is blocked",
        "Block public access for AMIs is on in eu-west-1. EC2's DryRun would not tell; the module does, and the image"
        " in us-east-1 stays as it is.",
        ["publish.yml"],
        fails=True,
    ),
    Step(
        "Without permission",
        "A principal that may read only, in check mode: the DryRun is denied, and the message says what is missing.",
        ["share.yml", "--check", "-e", "account=222233334444"],
        fails=True,
    ),
    Step(
        "Policies in place of tasks",
        "The role, by name: exactly these principals and nobody else, images and snapshots alike, with a limit on how"
        " many may lose access, and a page of who can launch what.",
        ["amikit.aws.share", "-e", "@policies.yml", "-e", f"ami_sharing_report={REPORT}"],
    ),
]


def main() -> int:
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    print("An embedded EC2 starts on loopback; nothing here reaches AWS.")
    begun = time.monotonic()
    with LocalEC2() as ec2:
        ec2.seed(
            {**VIRGINIA, "launch_permissions": {"user_ids": [FORMER_CUSTOMER]}}, {**IRELAND, "description": "draft"}
        )
        ec2.switch(block_public_access={"eu-west-1": "block-new-sharing"})
        print(f"\nIt holds two images.\n{who_can_launch(ec2)}")
        counts = [run(ec2, number, step) for number, step in enumerate(STEPS, start=1)]
        print(f"\n{rule('Who can launch what, in the end')}\n{who_can_launch(ec2)}")
    print(f"\n{rule('EC2 requests of each step')}\n{table(requests_table(counts))}")
    print(f"\nThe report of the last step is {REPORT.relative_to(HERE.parent)}: open it in a browser.")
    print(f"The demo took {time.monotonic() - begun:.0f} s. Next: README.md, or `make ec2` for your own playbooks.")
    return 0


def run(ec2: LocalEC2, number: int, step: Step) -> dict[str, int]:
    """Run a step and return how often it sent each request; stop the demo when it does not end as it should."""
    print(f"\n{rule(f'{number}. {step.title}')}\n{textwrap.fill(step.explanation, 100)}")
    print(f"\n$ ansible-playbook {' '.join(step.command)}", flush=True)
    principal = ec2.principal("auditor", READ_ONLY) if step.title == "Without permission" else None
    ec2.clear()
    status = play(step.command, ec2.environment(principal))
    if principal:
        ec2.switch(iam=False)
    if (status != 0) != step.fails:
        sys.exit(f"This step should have {'failed' if step.fails else 'passed'}; its exit status is {status}.")
    return ec2.summary()


def play(command: list[str], environment: dict[str, str]) -> int:
    """Run a playbook and show what it prints, but for the long result of a failed task; return its exit status."""
    with subprocess.Popen(
        ["ansible-playbook", *command],
        cwd=HERE,
        env={**os.environ, **environment, "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml", "ANSIBLE_NOCOLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        left_out = False
        for line in process.stdout or ():
            if line.startswith("fatal: "):
                left_out = True
                print("fatal: [localhost]: FAILED! (the result, image by image, is left out here)\n")
            elif line.startswith("PLAY RECAP"):
                left_out = False
            if not left_out:
                print(line, end="", flush=True)
    return process.returncode


def who_can_launch(ec2: LocalEC2) -> str:
    rows = [["image", "Region", "description", "IMDS", "who can launch it, beside its owner"]]
    for seeded in (VIRGINIA, IRELAND):
        image = ec2.image(seeded["image_id"], seeded["region"])
        if image is None:
            sys.exit(f"{seeded['image_id']} is gone.")
        entries = [entry for kind in image["launch_permissions"].values() for entry in kind]
        scalars = [image["description"] or "", image["imds_support"] or ""]
        rows.append([image["image_id"], image["region"], *scalars, (entries or ["nobody"])[0]])
        rows += [["", "", "", "", entry] for entry in entries[1:]]
    return table(rows)


def requests_table(counts: list[dict[str, int]]) -> list[list[str]]:
    """A row for each kind of request, a column for each step."""
    actions = sorted({action for count in counts for action in count})
    rows = [["step", *(str(number) for number, _step in enumerate(STEPS, start=1))]]
    rows += [[action, *(str(count.get(action, "")) for count in counts)] for action in actions]
    return [*rows, ["all", *(str(sum(count.values())) for count in counts)]]


def table(rows: list[list[str]]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def rule(title: str) -> str:
    return f"── {title} ".ljust(100, "─")


if __name__ == "__main__":
    sys.exit(main())
