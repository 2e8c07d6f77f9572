# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is documented is so: every example runs as written, and the README prints what a run prints."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from unit.documentation import MODULES
from unit.documentation import README
from unit.documentation import ROOT
from unit.documentation import Items
from unit.documentation import blocks
from unit.documentation import changes_something
from unit.documentation import examples
from unit.documentation import plays
from unit.documentation import resources
from unit.documentation import revoked
from unit.documentation import searched

from local_ec2.client import LocalEC2

# The examples whose later steps undo the earlier ones, by name of the play. All others change nothing the second time.
UNDOING = {"Remember what an AMI was, in order to restore it"}
# Who can launch and copy everything before an example, beside those whom it revokes. No example grants nobody else.
HOLDER = "444455556666"
# ansible-playbook takes a second to start: several examples share a run, and the runs the processors.
EXAMPLES_PER_RUN = 3
ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}

Command = t.Callable[..., str]


@pytest.fixture
def command(ec2: LocalEC2, tmp_path: Path) -> Command:
    """Run a command as a user does, with nothing but environment variables, and return what it prints."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT.parents[2]),
        # Ansible warns of a missing inventory, which these playbooks need not.
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        **ec2.environment(),
    }

    def run(*words: str) -> str:
        done = subprocess.run(
            ["env", *words], check=False, env=environment, cwd=tmp_path, capture_output=True, encoding="utf-8"
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "WARNING]" not in done.stdout + done.stderr
        return done.stdout

    return run


def seed(ec2: LocalEC2, example: Items, **account: str) -> None:
    """Make the images and snapshots that the example names, and an image in each Region that it searches."""
    held = {"user_ids": sorted(revoked(example) | {HOLDER})}
    snapshot = {"create_volume_permissions": held}
    image = {"description": "Built on Monday", "launch_permissions": held, "snapshots": [snapshot, snapshot], **account}
    named = [{"region": region, "image_id": ami} for region, ami in sorted(resources(example, "ami"))]
    found = [{"region": region} for region in sorted(searched(example))]
    ec2.seed(*({**place, "name": f"golden-{number}", **image} for number, place in enumerate(named + found)))
    snapshots = sorted(resources(example, "snap"))
    ec2.seed_snapshots(*({"region": region, "snapshot_id": snap, **snapshot, **account} for region, snap in snapshots))


def account_of_its_own(ec2: LocalEC2, number: int, example: Items) -> Items:
    """Return the example's plays with the keys of an account that holds what it speaks of, and nothing else."""
    account = f"{number:012}"
    seed(ec2, example, account=account)
    keys = ec2.principal("someone", ANYTHING, account)
    environment = {"AWS_ACCESS_KEY_ID": keys["access_key"], "AWS_SECRET_ACCESS_KEY": keys["secret_key"]}
    return [{**play, "environment": environment} for play in plays(example)]


def changes(printed: str) -> dict[str, int]:
    """Return how often a task, or an item of its loop, has changed something, by play."""
    _head, *parts = re.split(r"^PLAY \[(.*)\] \*+$", printed, flags=re.MULTILINE)
    return {
        name: len(re.findall(r"^changed: ", part, re.MULTILINE))
        for name, part in zip(parts[::2], parts[1::2], strict=True)
    }


def documented() -> list[list[Items]]:
    """Return the examples of the README and of every module, each once, in groups that are run together."""
    found = [example for source in ["README.md", *MODULES] for example in examples(source)]
    once = [example for number, example in enumerate(found) if example not in found[:number]]
    return [once[start : start + EXAMPLES_PER_RUN] for start in range(0, len(once), EXAMPLES_PER_RUN)]


@pytest.mark.parametrize("group", documented(), ids=lambda group: plays(group[0])[0]["name"])
def test_examples_run_as_written(ec2: LocalEC2, command: Command, tmp_path: Path, group: list[Items]) -> None:
    """For real, and then in check mode, which finds that nothing is left to change."""
    playbook = [play for each in enumerate(group, 1) for play in account_of_its_own(ec2, *each)]
    (tmp_path / "examples.yml").write_text(json.dumps(playbook), encoding="utf-8")
    changing = [plays(example)[0]["name"] for example in group if changes_something(example)]
    first = changes(command("ansible-playbook", "examples.yml"))
    assert [name for name, count in first.items() if count] == changing
    ec2.clear()
    second = changes(command("ansible-playbook", "examples.yml", "--check", "--diff"))
    assert {name for name, count in second.items() if count} == UNDOING & set(changing)
    writes = [request for request in ec2.requests() if request["action"].startswith("Modify")]
    assert [request for request in writes if not request["dry_run"]] == []


def test_the_first_screen_shows_what_is_printed(ec2: LocalEC2, command: Command, tmp_path: Path) -> None:
    text = blocks("yaml")[0]
    (tmp_path / "share.yml").write_text(text, encoding="utf-8")
    seed(ec2, yaml.safe_load(text))
    typed, *shown = blocks("console")[0].splitlines()
    printed = command(*shlex.split(typed.removeprefix("$ ")))
    # Ansible ends some lines with blanks, and editors remove them.
    assert [line.rstrip() for line in printed.strip().splitlines()] == shown


def test_the_commands_that_the_readme_names_exist() -> None:
    named = set(re.findall(r"^    make ([a-z0-9-]+)", README, re.MULTILINE))
    assert {"demo", "test"} <= named
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert named <= set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))


def test_the_links_of_the_readme_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)$", README, re.MULTILINE)
    anchors = {"#" + re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}
    targets = re.findall(r"\]\(([^)]+)\)", README)
    assert [
        link
        for link in targets
        if link not in anchors and not link.startswith("https://") and not (ROOT / link).is_file()
    ] == []
