# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation is true: examples and recipes run as written, and messages are quoted as they are."""

from __future__ import annotations

import http.server
import json
import os
import re
import shlex
import subprocess
import sys
import threading
import typing as t
from pathlib import Path

import boto3
import pytest
import yaml
from unit.documentation import DOCS
from unit.documentation import GUIDES
from unit.documentation import MODULES
from unit.documentation import README
from unit.documentation import ROOT
from unit.documentation import Block
from unit.documentation import Items
from unit.documentation import Recipe
from unit.documentation import blocks
from unit.documentation import changes_something
from unit.documentation import dictionaries
from unit.documentation import examples
from unit.documentation import has_organizations_that_cannot_copy
from unit.documentation import headings
from unit.documentation import keys
from unit.documentation import literals_of_first_cells
from unit.documentation import parsed
from unit.documentation import plays
from unit.documentation import readme_block
from unit.documentation import recipes
from unit.documentation import resources
from unit.documentation import revoked
from unit.documentation import searched
from unit.documentation import titles
from unit.users import users_environment

from ansible_collections.amikit.aws.plugins.module_utils._attributes import key_policy
from ansible_collections.amikit.aws.plugins.module_utils._attributes.key_policy import Key
from ansible_collections.amikit.aws.plugins.module_utils._attributes.permissions import Permission
from ansible_collections.amikit.aws.plugins.modules import ec2_ami_attribute
from local_ec2.client import LocalEC2

# The examples whose later steps undo the earlier ones, by name of the play. All others change nothing the second time.
UNDOING = {
    "Remember what an AMI was, in order to restore it",
    "Share an image, and keep a record of who had access",
    "Share with exactly one account, and keep a backup",
}
# Who can launch and copy everything before an example, beside those whom it revokes. No example grants nobody else.
HOLDER = "444455556666"
# Another such account, which no example names, and the words of those examples that take it away none the less.
BYSTANDER = "999900009999"
NOBODY_ELSE = re.compile(r"exactly|exclusive|private|not on the list|as amazon\.aws\.ec2_ami does")
# ansible-playbook takes a second to start, so several examples share a run. The runs are spread over the processors.
EXAMPLES_PER_RUN = 11
# The one warning that an example may bring, of those that must.
UNSHAREABLE = "EC2 cannot share snapshots with organizations and OUs"
ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def run(command: str, home: Path, environment: dict[str, str], *, warns: bool = False) -> str:
    """Run a command as a user does, with nothing but environment variables, and return what it prints.

    ``warns``: of organizations and OUs, which cannot copy. Of nothing else there may be a warning.
    """
    variables = {**users_environment(home), **environment}
    words = ["env", *shlex.split(command)]
    done = subprocess.run(words, check=False, env=variables, cwd=home, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    warnings = re.findall(r"WARNING\]: (.*)", done.stdout + done.stderr)
    assert [warning for warning in warnings if not warning.startswith(UNSHAREABLE)] == []
    assert bool(warnings) == warns
    return done.stdout


def seed(ec2: LocalEC2, example: t.Any, *holders: str, **account: str) -> list[dict[str, t.Any]]:
    """Make the images, snapshots and keys that the example names, and an image of each name that it searches for.

    Return the ids of the images and of the other snapshots, and the ARNs of the keys, each with its Region.
    """
    held = {"user_ids": sorted(revoked(example) | {HOLDER, *holders})}
    snapshot = {"create_volume_permissions": held}
    image = {"description": "Built on Monday", "launch_permissions": held, **account}
    named = [({"region": region, "image_id": ami}, "golden-") for region, ami in sorted(resources(example, "ami"))]
    found = [({"region": region}, name) for region, name in sorted(searched(example))]
    images = [
        {
            **place,
            **image,
            "name": f"{name}{number}",
            "snapshots": [{**snapshot, "encrypted": name.startswith("encrypted-")}] * 2,
        }
        for number, (place, name) in enumerate(named + found)
    ]
    snapshots = [
        {"region": region, "snapshot_id": snap, **snapshot, **account}
        for region, snap in sorted(resources(example, "snap"))
    ]
    made = ec2.seed_keys(*(key(*each, held["user_ids"], **account) for each in sorted(keys(example))))
    named_keys = [{"region": each["region"], "arn": each["arn"]} for each in made]
    return [*ec2.seed(*images), *ec2.seed_snapshots(*snapshots), *named_keys]


def seed_organization(ec2: LocalEC2, example: t.Any, **management_account: str) -> None:
    """Make the organization of `make ec2`, if the example reads one."""
    if "amikit.aws.organization_info" in json.dumps(example):
        ec2.seed_organization(**management_account)


def key(region: str, alias: str, users: list[str], account: str = "123456789012") -> dict[str, t.Any]:
    """Return a key that these accounts can use."""
    root = f"arn:aws:iam::{account}:root"
    own = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}
    entries = frozenset(Permission("user_ids", each) for each in users)
    theirs = key_policy.statements(Key("aws", region, account, "amazonaws.com"), entries, frozenset())
    policy = {"Version": "2012-10-17", "Statement": [own, *theirs]}
    return {"region": region, "aliases": [alias], "policy": policy, "account": account}


# Examples: plays and tasks


class Owner:
    """An account with what an example speaks of, and nothing else."""

    def __init__(self, ec2: LocalEC2, number: int, example: Items) -> None:
        self.ec2 = ec2
        self.account = f"{number:012}"
        self.example = example
        seed_organization(ec2, example, management_account=self.account)
        self.places = seed(ec2, example, BYSTANDER, account=self.account)

    def plays(self) -> Items:
        """Return the example's plays with the keys of this account."""
        keys = self.ec2.principal("someone", ANYTHING, self.account)
        environment = {"AWS_ACCESS_KEY_ID": keys["access_key"], "AWS_SECRET_ACCESS_KEY": keys["secret_key"]}
        return [{**play, "environment": environment} for play in plays(self.example)]

    def lost_by_the_bystander(self) -> list[str]:
        """Return the ids of what that account can no longer launch or copy."""
        return [resource_id for place in self.places for resource_id in self._lost(**place)]

    def _lost(
        self, region: str, image_id: str = "", snapshot_id: str = "", snapshot_ids: t.Sequence[str] = (), arn: str = ""
    ) -> list[str]:
        found = {one: self.ec2.snapshot(one, region, self.account) for one in (snapshot_id, *snapshot_ids) if one}
        if image_id:
            found[image_id] = self.ec2.image(image_id, region, self.account)
        if arn:
            found[arn] = self.ec2.key(arn)
        return [one for one, truth in found.items() if BYSTANDER not in json.dumps(truth)]


def changes(printed: str) -> list[tuple[str, int]]:
    """Return the names of the plays, each with how often a task, or an item of its loop, has changed something."""
    _head, *parts = re.split(r"^PLAY \[(.*)\] \*+$", printed, flags=re.MULTILINE)
    return [
        (name, len(re.findall(r"^changed: ", part, re.MULTILINE)))
        for name, part in zip(parts[::2], parts[1::2], strict=True)
    ]


def groups() -> list[list[Items]]:
    """Return all examples in groups that are run together, those that bring a warning by themselves."""
    warning = [each for each in examples() if has_organizations_that_cannot_copy([each])]
    silent = [each for each in examples() if each not in warning]
    starts = range(0, len(silent), EXAMPLES_PER_RUN)
    return [warning, *(silent[start : start + EXAMPLES_PER_RUN] for start in starts)]


@pytest.mark.parametrize("group", groups(), ids=lambda group: plays(group[0])[0]["name"])
def test_examples_run_as_written(ec2: LocalEC2, tmp_path: Path, group: list[Items]) -> None:
    """For real, and then in check mode, which finds that nothing is left to change."""
    owners = [Owner(ec2, *each) for each in enumerate(group, 1)]
    playbook = [play for owner in owners for play in owner.plays()]
    (tmp_path / "examples.yml").write_text(json.dumps(playbook), encoding="utf-8")
    changing = [plays(example)[0]["name"] for example in group if changes_something(example)]
    warns = has_organizations_that_cannot_copy(group)
    first = changes(run("ansible-playbook examples.yml", tmp_path, ec2.environment(), warns=warns))
    assert [name for name, count in first if count] == changing
    for owner in owners:
        excludes = NOBODY_ELSE.search(json.dumps(owner.example)) and plays(owner.example)[0]["name"] not in UNDOING
        assert bool(owner.lost_by_the_bystander()) == bool(excludes)
    ec2.clear()
    second = changes(run("ansible-playbook examples.yml --check --diff", tmp_path, ec2.environment(), warns=warns))
    assert {name for name, count in second if count} == UNDOING & set(changing)
    writes = [request for request in ec2.requests() if request["action"].startswith("Modify")]
    assert [request for request in writes if not request["dry_run"]] == []


def test_the_first_screen_shows_what_is_printed_after_make_ec2(tmp_path: Path) -> None:
    text = readme_block("yaml")
    (tmp_path / "share.yml").write_text(text, encoding="utf-8")
    typed, *shown = readme_block("console").splitlines()
    with LocalEC2(seed=True) as ec2:
        printed = run(typed.removeprefix("$ "), tmp_path, ec2.environment())
    # Ansible ends some lines with blanks, and editors remove them.
    assert [line.rstrip() for line in printed.strip().splitlines()] == shown
    # The quick start has it too, where it is run for real.
    assert text in recipes()["quick_start: Your first task"].files.values()


# Quick start, after `make ec2`


@pytest.fixture
def pasted() -> t.Iterator[str]:
    """Start what `make ec2` starts, and return what it says to paste into another shell."""
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT.parents[2])}
    command = [sys.executable, "-m", "local_ec2", "--seed", "--until-stdin-closes"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=ROOT / "tests", env=environment, stdin=pipe, stdout=pipe, encoding="utf-8"
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        printed = "".join(iter(process.stdout.readline, "Stop it with Ctrl-C.\n"))
        yield "\n".join(re.findall(r"^  ((?:export|unset) .*)", printed, re.MULTILINE))


def run_in_a_shell(script: str, home: Path) -> str:
    """Run it in a shell that knows nothing except what would lead elsewhere, and return what it prints."""
    shell = {"HOME": str(home), "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    elsewhere = {"AWS_PROFILE": "production", "AWS_SESSION_TOKEN": "token", "http_proxy": "http://127.0.0.1:9"}
    pipe = subprocess.PIPE
    command = ["bash", "-c", script]
    done = subprocess.run(
        command, check=False, env=shell | elsewhere, cwd=home, stdout=pipe, stderr=subprocess.STDOUT, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_quick_start_runs_as_written_after_make_ec2(pasted: str, tmp_path: Path) -> None:
    (first,) = [recipe for name, recipe in recipes().items() if name.startswith("quick_start: ")]
    (others,) = [block.text for block in blocks("quick_start", "yaml") if block.is_example]
    for name, text in {**first.files, "others.yml": others}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    *sharing, who = first.commands
    assert "golden-al2023-2026.01 in us-east-1: 444455556666" in run_in_a_shell(f"{pasted}\n{who}", tmp_path)
    for command in [*sharing, "ansible-playbook others.yml"]:
        assert changed(run_in_a_shell(f"{pasted}\n{command}", tmp_path))
    printed = run_in_a_shell(f"{pasted}\n{who}", tmp_path)
    assert "golden-al2023-2026.01 in us-east-1: 111122223333, 222233334444" in printed
    assert "golden-ubuntu-24.04-2026.01 in eu-west-1: 111122223333" in printed


def test_quick_start_shows_that_an_image_is_public_or_an_organizations(ec2: LocalEC2, tmp_path: Path) -> None:
    (first,) = [recipe for name, recipe in recipes().items() if name.startswith("quick_start: ")]
    (tmp_path / "who.yml").write_text(first.files["who.yml"], encoding="utf-8")
    organization = "arn:aws:organizations::123456789012:organization/o-abcdefghij"
    unit = "arn:aws:organizations::123456789012:ou/o-abcdefghij/ou-ab12-cdefghij"
    held: dict[str, dict[str, list[str]]] = {
        f"everyone, {HOLDER}": {"group_names": ["all"], "user_ids": [HOLDER]},
        f"{organization}, {unit}": {"org_arns": [organization], "org_unit_arns": [unit]},
        "only its owner": {},
    }
    ec2.seed(*({"name": "golden-1", "launch_permissions": permissions} for permissions in held.values()))
    printed = run(first.commands[-1], tmp_path, ec2.environment())
    assert [f'"msg": "golden-1 in us-east-1: {who}"' in printed for who in held] == [True, True, True]


# Recipes: files, and commands beside them


def prepare(ec2: LocalEC2, recipe: Recipe, home: Path) -> dict[str, str]:
    """Write the files of a recipe, make its images, and return the environment that its commands need."""
    for name, text in recipe.files.items():
        (home / name).write_text(text, encoding="utf-8")
    owners = hosts(recipe)
    if not owners:
        seed_organization(ec2, recipe.contents)
        seed(ec2, recipe.contents)
        return ec2.environment()
    roles = [role for role in owners.values() if role]
    for role in roles:
        account, name = re.findall(r"arn:aws:iam::(\d+):role/(.+)", role)[0]
        seed(ec2, recipe.contents, account=account)
        ec2.role(name, account)
    users = {"hub": ec2.principal("somebody", ANYTHING)}
    for number, profile in enumerate((host for host, role in owners.items() if not role), 1):
        account = f"{number:012}"
        seed(ec2, recipe.contents, account=account)
        users[profile] = ec2.principal("somebody", ANYTHING, account)
    keep_profiles(home, users)
    # The role that is made has no policies.
    ec2.switch(iam=not roles)
    return environment_of_a_profile(ec2, "hub" if roles else "")


def keep_profiles(home: Path, users: t.Mapping[str, t.Mapping[str, str]]) -> None:
    """Write the keys of users where AWS's tools look for profiles."""
    texts = [
        f"[{profile}]\naws_access_key_id = {user['access_key']}\naws_secret_access_key = {user['secret_key']}\n"
        for profile, user in users.items()
    ]
    (home / ".aws").mkdir()
    (home / ".aws" / "credentials").write_text("".join(texts), encoding="utf-8")


def environment_of_a_profile(ec2: LocalEC2, profile: str) -> dict[str, str]:
    """Return the environment of somebody who has no keys there, and perhaps a profile."""
    chosen = {"AWS_PROFILE": profile} if profile else {}
    return {**{name: value for name, value in ec2.environment().items() if "KEY" not in name}, **chosen}


def hosts(recipe: Recipe) -> dict[str, str]:
    """Return the hosts of its inventory, each with the role to assume, or nothing if its name is a profile."""
    groups = [group for content in recipe.contents for group in dictionaries(content)]
    members = [group["hosts"] for group in groups if isinstance(group.get("hosts"), dict)]
    return {host: (own or {}).get("role_arn", "") for each in members for host, own in each.items()}


def changed(printed: str) -> bool:
    recap = re.findall(r"changed=(\d+)", printed.rpartition("PLAY RECAP")[2])
    assert recap, printed
    return any(int(count) for count in recap)


def twice(command: str) -> str:
    """Return the command with its playbook named twice: Ansible then runs it twice, and starts once."""
    ansible_playbook, playbook, *options = command.split(" ")
    return " ".join([ansible_playbook, playbook, playbook, *options])


def halves(printed: str) -> tuple[list[int], list[int]]:
    """Return how often each play of the first run has changed something, and of the second."""
    counts = [count for _play, count in changes(printed)]
    assert len(counts) % 2 == 0
    return counts[: len(counts) // 2], counts[len(counts) // 2 :]


@pytest.mark.parametrize("recipe", recipes().values(), ids=list(recipes()))
def test_recipes_run_as_written(ec2: LocalEC2, tmp_path: Path, recipe: Recipe) -> None:
    """The first command previews and the second changes. That one again, and those after it, find nothing to change."""
    environment = prepare(ec2, recipe, tmp_path)
    check, apply, *others = recipe.commands
    warns = has_organizations_that_cannot_copy(recipe.contents)
    assert changed(run(check, tmp_path, environment, warns=warns))
    assert {request["dry_run"] for request in ec2.requests() if request["action"].startswith("Modify")} == {True}
    first, second = halves(run(twice(apply), tmp_path, environment, warns=warns))
    assert (any(first), any(second)) == (True, False)
    for command in others:
        assert not changed(run(command, tmp_path, environment, warns=warns))
    for name in re.findall(r'"ami_sharing_report": "([\w/-]+)', json.dumps(recipe.contents)):
        assert list(tmp_path.glob(f"{name}*.html"))


OWNERS = "Several owner accounts from one inventory"
OTHERS: dict[str, dict[str, t.Any]] = {
    "images-misspelt": {"ami_sharing_max_revocation": 1},
    "images-undefined": {"ami_sharing_report": "{{ nothing }}.html"},
    "images-late": {},
    "images-drifting": {},
}


def prepare_failing_owners(ec2: LocalEC2, home: Path) -> None:
    """Write the recipe's files, whose first owner has a role that nobody may assume, and other owners who fail.

    Before all else, the first owner has a result, and so has one that is only compared. There is one more report, which
    is that of them all.
    """
    files = {name: yaml.safe_load(text) for name, text in recipes()[f"recipes: {OWNERS}"].files.items()}
    owners = files["owners.yml"]["owners"]
    of_profiles = owners["children"]["by_profile"]["vars"]
    others = {"hosts": OTHERS, "vars": {**owners["vars"], **of_profiles}}
    (home / "owners.yml").write_text(json.dumps({**files["owners.yml"], "others": others}), encoding="utf-8")
    accounts = {profile: f"{number:012}" for number, profile in enumerate(["images-development", *OTHERS], 1)}
    for account in accounts.values():
        seed(ec2, [*files.values()], account=account)
    users = {profile: ec2.principal("somebody", ANYTHING, account) for profile, account in accounts.items()}
    keep_profiles(home, {"hub": ec2.principal("ci"), **users})
    connection = {**of_profiles["ami_sharing_connection"], "profile": "images-drifting"}
    plays = with_other_plays(files["every_owner.yml"], {"ami_sharing_connection": connection})
    (home / "every_owner.yml").write_text(json.dumps(plays), encoding="utf-8")


def with_other_plays(plays_of_recipe: Items, connection: dict[str, t.Any]) -> Items:
    """Return the recipe's plays, the first of them with a task that fails late, and those that come before either."""
    sharing, joining = plays_of_recipe
    compare = {"name": "amikit.aws.ami_sharing", "tasks_from": "audit"}
    comparing = {
        "hosts": "images-production,images-drifting",
        "gather_facts": False,
        "vars": connection,
        "tasks": [{"ansible.builtin.include_role": compare}],
    }
    late = {"ansible.builtin.fail": {"msg": "No bucket"}, "when": "inventory_hostname == 'images-late'"}
    tasks = [{**each, "block": [*each["block"], late]} for each in sharing["tasks"]]
    everybody = [{**each, "vars": {"ami_sharing_report": "reports/everybody.html"}} for each in joining["tasks"]]
    rescue = [{"ansible.builtin.meta": "noop"}]
    return [
        comparing,
        {**sharing, "hosts": "all:!images-drifting", "tasks": tasks},
        {**joining, "hosts": "all", "tasks": [{"block": everybody, "rescue": rescue}]},
        joining,
    ]


def test_owners_that_fail_do_not_stop_the_others_and_are_in_the_report_of_all(ec2: LocalEC2, tmp_path: Path) -> None:
    prepare_failing_owners(ec2, tmp_path)
    command = shlex.split(recipes()[f"recipes: {OWNERS}"].commands[1])
    user = {**users_environment(tmp_path), **environment_of_a_profile(ec2, "hub")}
    done = subprocess.run(command, check=False, env=user, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert done.returncode == 2
    facts = json.loads((tmp_path / "reports" / "everybody.json").read_text(encoding="utf-8"))
    became = {
        owner["name"]: (
            owner["images"],
            owner["changed"],
            owner["failure"].removeprefix("Task failed: ").partition(":")[0],
        )
        for owner in facts["owners"]
    }
    assert became == {
        "images-production": (0, 0, "An error occurred (AccessDenied) when calling the AssumeRole operation"),
        "images-development": (2, 2, ""),
        "images-misspelt": (0, 0, "1 problem in the variables; nothing was sent to EC2"),
        "images-undefined": (0, 0, "'nothing' is undefined"),
        "images-late": (2, 2, "No bucket"),
        "images-drifting": (2, 0, "Drift from the policies"),
    }
    page = (tmp_path / "reports" / "all.html").read_text(encoding="utf-8")
    assert "1 owner is not on this page, because of a failure (see Owners): images-production" in page
    assert page.count("<span>images-development</span>") == 6  # two images: outside, changed, and in the matrix
    (shown,) = [block.text for block in blocks("recipes", "text") if block.section == OWNERS]
    lines, _empty, failure = shown.replace("/srv/images", str(tmp_path)).partition("\n\n")
    assert json.dumps({"msg": lines.splitlines()}, indent=4) in done.stdout
    assert f'"msg": {json.dumps(failure.strip())}' in done.stdout


class Channel(http.server.BaseHTTPRequestHandler):
    """Where the recipe posts to. What it was sent is a list of the server."""

    def do_POST(self) -> None:
        t.cast("t.Any", self.server).posted.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_words: t.Any) -> None:
        """Say nothing on the console of the tests."""


@pytest.fixture
def channel() -> t.Iterator[t.Any]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Channel) as server:
        t.cast("t.Any", server).posted = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_the_channel_is_told_what_drifts(ec2: LocalEC2, tmp_path: Path, channel: t.Any) -> None:
    recipe = recipes()["recipes: Slack or mail when images drift"]
    environment = prepare(ec2, recipe, tmp_path)
    variables = {"SLACK_WEBHOOK_URL": f"http://127.0.0.1:{channel.server_port}/"}
    command = shlex.split(recipe.commands[-1])
    user = {**users_environment(tmp_path), **environment, **variables}
    done = subprocess.run(command, check=False, env=user, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert done.returncode != 0
    (posted,) = channel.posted
    assert json.loads(posted)["text"].splitlines() == [
        "2 of 2 images differ from the policies.",
        "Golden images: 2 images, 4 entries to grant, 2 to revoke",
    ]


# Who is below an OU in the organization of `make ec2`, except for two accounts that the recipe names and a closed one.
BELOW = ["111122223333", "222233334444", "333344445555"]


def launchers_and_copiers(ec2: LocalEC2, region: str) -> tuple[t.Any, t.Any]:
    """Return who can launch the one image of a Region, and who can copy its first snapshot."""
    client = boto3.client("ec2", region_name=region)
    (found,) = client.describe_images(Owners=["self"])["Images"]
    snapshot = ec2.snapshot(found["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"])
    image = ec2.image(found["ImageId"])
    assert image is not None
    assert snapshot is not None
    return image["launch_permissions"], snapshot["create_volume_permissions"]["user_ids"]


def test_all_active_accounts_below_the_ou_but_two_can_launch_and_copy(ec2: LocalEC2, tmp_path: Path) -> None:
    recipe = recipes()["recipes: All accounts below an OU, except two"]
    environment = prepare(ec2, recipe, tmp_path)
    printed = run(recipe.commands[1], tmp_path, environment)
    for region in ("us-east-1", "eu-west-1"):
        launch, copy = launchers_and_copiers(ec2, region)
        assert launch["user_ids"] == copy == BELOW
    names = "111122223333 (payments-prod), 222233334444 (search-prod), 333344445555 (reports-prod)"
    assert f"Golden images for production: granted to {names}; revoked from {HOLDER}" in printed


def test_the_ou_of_that_name_can_launch(ec2: LocalEC2, tmp_path: Path) -> None:
    recipe = recipes()["recipes: An OU by its name"]
    run(recipe.commands[1], tmp_path, prepare(ec2, recipe, tmp_path))
    unit = "arn:aws:organizations::123456789012:ou/o-abcdefghij/ou-ab12-testtest"
    launch, copy = launchers_and_copiers(ec2, "eu-west-1")
    assert (launch["org_unit_arns"], launch["user_ids"], copy) == ([unit], [HOLDER], [HOLDER])


@pytest.mark.parametrize(
    ("to_replace", "by"),
    [
        ("Workloads/Prod", "Workloads/Production"),
        ("organization_info:", "organization_info: {access_key: KEY, secret_key: SECRET}"),
    ],
    ids=["no such OU", "credentials of a member"],
)
def test_what_is_not_found_in_the_organization_changes_nothing(
    ec2: LocalEC2, tmp_path: Path, to_replace: str, by: str
) -> None:
    recipe = recipes()["recipes: All accounts below an OU, except two"]
    environment = prepare(ec2, recipe, tmp_path)
    member = ec2.principal("member", ANYTHING, "888899990000")
    ec2.switch(iam=False)
    keys = by.replace("KEY", member["access_key"]).replace("SECRET", member["secret_key"])
    (tmp_path / "below.yml").write_text(recipe.files["below.yml"].replace(to_replace, keys), encoding="utf-8")
    user = {**users_environment(tmp_path), **environment}
    command = shlex.split(recipe.commands[1])
    done = subprocess.run(command, check=False, env=user, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert done.returncode == 2, done.stdout
    assert ec2.requests("ModifyImageAttribute") == []


# What is shown, and is neither a file nor an example


def commands() -> list[str]:
    shown = "\n".join(block.text for guide in GUIDES for block in blocks(guide, "shell"))
    return sorted(set(re.findall(r"^ansible-playbook .*", shown, re.MULTILINE)))


@pytest.mark.parametrize("command", commands())
def test_the_commands_that_are_shown_are_commands(tmp_path: Path, command: str) -> None:
    (tmp_path / "policies.yml").write_text("ami_sharing_policies: []", encoding="utf-8")
    run(f"{command} --syntax-check", tmp_path, {})


def test_the_result_that_is_shown_is_the_documented_one() -> None:
    (text,) = [block.text for block in blocks("check_mode", "text") if block.text.startswith("changed: ")]
    shown = yaml.safe_load(text)
    documented = yaml.safe_load(ec2_ami_attribute.RETURN)["images"]["contains"]
    (image,) = shown["images"]
    assert list(shown) == ["changed", "summary", "images"]
    assert list(shown["summary"]) == list(yaml.safe_load(ec2_ami_attribute.RETURN)["summary"]["contains"])
    assert list(image) == [key for key in documented if key != "protected_until"]  # only in a cool-down
    *always, error = documented["requests"]["contains"]
    assert {tuple(request) for request in image["requests"]} == {tuple(always)}
    assert error == "error"


# The guides themselves


def is_of_a_kind(block: Block) -> bool:
    """Tell whether a block is of a kind that guides may contain: example, file, commands, or what is only shown."""
    if block.is_before:
        return block.language in ("hcl", "json", "shell", "text", "yaml")
    if block.file:
        return block.language in ("ini", "json", "text", "yaml")
    return block.language in ("console", "hcl", "json", "shell", "text", "yaml")


@pytest.mark.parametrize("guide", GUIDES)
def test_every_block_is_of_a_kind_and_parses(guide: str) -> None:
    found = blocks(guide)
    # Galaxy shows no block that stands in a list, and no other kind of fence.
    assert len(found) == len(re.findall(r"^```\w+$", GUIDES[guide], re.MULTILINE))
    assert len(found) * 2 == GUIDES[guide].count("```")
    assert [block for block in found if not is_of_a_kind(block)] == []
    for block in found:
        if block.language in ("yaml", "json"):
            yaml.safe_load(block.text)


def test_every_file_of_a_guide_has_its_commands() -> None:
    assert [name for name, recipe in recipes().items() if not recipe.files or len(recipe.commands) < 2] == []


# Links. Galaxy shows README.md and docs/*.md at addresses of its own, so nothing relative leads anywhere there.

SITE = "https://amikit.github.io/amikit.aws/"
REPOSITORY = re.compile(
    r"https://(?:github\.com/amikit/amikit\.aws/(?:blob|tree|raw)|raw\.githubusercontent\.com/amikit/amikit\.aws)"
    r"/main/([^#]+)(?:#(.+))?"
)
# The pages that Galaxy shows, by their paths.
SHOWN = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))} | {
    name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "roles/ami_sharing/README.md")
}
GENERATED = {
    *("index", "reference", "ami_sharing_role", "did_you_mean_filter", "join_owners_filter", "sum_up_filter"),
    *(f"{module}_module" for module in MODULES),
}


def links(text: str) -> list[str]:
    """Return where the links and the pictures of a page lead."""
    inline = [child for token in parsed(text) for child in token.children or []]
    return [str(each.attrs[name]) for each in inline for name in ("href", "src") if name in each.attrs]


def anchors(text: str) -> set[str]:
    """Return what GitHub and the site call the sections of a page."""
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in headings(text)}


def is_there(link: str) -> bool:
    """Tell whether a link into the site, or into the repository, leads to a page and to a section of it."""
    page, _hash, section = link.removeprefix(SITE).partition("#")
    if link.startswith(SITE):
        name = page.removesuffix(".html") or "index"
        return section in {"", *anchors(GUIDES[name])} if name in GUIDES else name in GENERATED and not section
    path, anchor = t.cast("re.Match[str]", REPOSITORY.fullmatch(link)).groups()
    return (ROOT / path).exists() and (not anchor or anchor in anchors((ROOT / path).read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", SHOWN)
def test_every_link_leads_somewhere_on_github_on_galaxy_and_from_the_tarball(page: str) -> None:
    found = links(SHOWN[page])
    assert [link for link in found if not link.startswith("https://")] == []
    ours = [link for link in found if link.startswith(SITE) or REPOSITORY.fullmatch(link)]
    assert [link for link in ours if not is_there(link)] == []
    # A reference without a definition is shown as it is written.
    texts = [each.content for token in parsed(SHOWN[page]) for each in token.children or [] if each.type == "text"]
    assert [text for text in texts if re.search(r"\[[A-Z].*\]", text)] == []


def test_the_index_lists_every_guide() -> None:
    assert {f"{SITE}{guide}.html" for guide in GUIDES} <= set(links(SHOWN["docs/README.md"]))


def test_the_site_is_where_galaxy_says_that_the_documentation_is() -> None:
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    assert galaxy["documentation"] == SITE


def test_the_commands_of_make_that_are_named_exist() -> None:
    shown = [block.text for guide in GUIDES for block in blocks(guide, "shell")]
    named = set(re.findall(r"(?:^ *|`)make ([a-z0-9-]+)", "\n".join([README, *shown]), re.MULTILINE))
    assert {"demo", "test"} <= named
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert named <= set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))


# Troubleshooting

# Where the modules name a code of their own.
CODE = re.compile(
    r"(?:_code ?= ?| or |(?:CANNOT_BE_UNDONE|CHANGED_MEANWHILE|DENIED|DRY_RUN_IGNORED|HELD_BACK|INEXACT_POLICY) = "
    r'|ODD_STATEMENT = |Failure\([\w".]+, |Refusal\(\s*|(?:return|yield) )'
    r'"([A-Z]\w+(?:\.\w+)?)"[,\n)]'
)


def sources(*directories: str) -> str:
    paths = [
        path for directory in directories for path in (ROOT / directory).rglob("*") if path.suffix in (".py", ".yml")
    ]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def test_every_code_of_the_modules_is_explained() -> None:
    codes = set(CODE.findall(sources("plugins/module_utils")))
    assert {"CannotBeUndone", "DryRunIgnored", "HeldBack", "IncorrectState", "InvalidParameter", "Timeout"} <= codes
    assert codes - {code for title in titles("troubleshooting") for code in title.split(", ")} == set()


def test_the_messages_that_are_explained_are_said() -> None:
    said = sources("plugins/module_utils", "plugins/filter", "plugins/plugin_utils", "roles", "playbooks")
    quoted = literals_of_first_cells("troubleshooting")
    assert len(quoted) > 15
    assert [message for message in quoted if message not in said] == []
