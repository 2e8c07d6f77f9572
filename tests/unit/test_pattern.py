# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The pattern for AWX is valid, its files agree with each other, and its playbooks do what its surveys ask."""

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
from jsonschema import Draft202012Validator
from unit.documentation import ROOT
from unit.documentation import literals_of_first_cells
from unit.documentation import rows
from unit.users import users_environment

from local_ec2.client import LocalEC2

PATTERN = ROOT / "extensions" / "patterns" / "ami_sharing"
# With the schema of patterns in it: see tests/requirements/schema.txt.
ENVIRONMENT = Path(f"{sys.prefix}-events")


def load(path: Path) -> t.Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


SURVEY = load(PATTERN / "template_surveys" / "policy.yml")
RESOURCES = load(PATTERN / "meta" / "pattern.json")["aap_resources"]
TEMPLATES = RESOURCES["controller_job_templates"]


def playbook(arguments: str, home: Path, environment: dict[str, str], status: int = 0) -> str:
    """Run ansible-playbook as a job does, and return what it prints."""
    variables = {**users_environment(home), **environment}
    command = ["env", "ansible-playbook", *shlex.split(arguments)]
    done = subprocess.run(command, check=False, env=variables, cwd=home, capture_output=True, encoding="utf-8")
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


# What the files say


def test_it_is_valid_by_the_schema_of_patterns() -> None:
    (schema,) = ENVIRONMENT.glob("lib/python*/site-packages/ansiblelint/schemas/pattern.json")
    pattern = load(PATTERN / "meta" / "pattern.json")
    assert [error.message for error in Draft202012Validator(load(schema)).iter_errors(pattern)] == []
    assert pattern["name"] == PATTERN.name
    assert {each["execution_environment"] for each in TEMPLATES} == {
        RESOURCES["controller_execution_environment"]["name"]
    }


def test_there_is_a_playbook_for_each_job_template_and_one_of_them_is_primary() -> None:
    playbooks = {path.name for path in (PATTERN / "playbooks").glob("*.yml") if ".meta." not in path.name}
    assert {each["playbook"] for each in TEMPLATES} == playbooks
    assert [each["playbook"] for each in TEMPLATES if each["primary"]] == ["share.yml"]


def test_the_survey_is_the_same_everywhere() -> None:
    assert [each["survey"] for each in TEMPLATES] == [SURVEY] * len(TEMPLATES)
    asked = {each["variable"]: (each["default"], each.get("choices")) for each in SURVEY["spec"]}
    for each in TEMPLATES:
        described = load(PATTERN / "playbooks" / each["playbook"].replace(".yml", ".meta.yml"))
        options = described["argument_specs"]["main"]["options"]
        assert {name: (how["default"], how.get("choices")) for name, how in options.items()} == asked
    (task,) = load(PATTERN / "playbooks" / "tasks" / "policy.yml")
    defaults = {name: default for name, (default, _choices) in asked.items()}
    assert {"principals": "", **task["vars"]["survey_defaults"]} == defaults


# What is made of setup.yml

READ = """
- hosts: localhost
  gather_facts: false
  tasks:
    - copy:
        dest: objects.json
        content: >-
          {{ {'templates': controller_templates, 'workflows': controller_workflows, 'projects': controller_projects,
          'environments': controller_execution_environments, 'schedules': controller_schedules} | to_json }}
"""
GIVEN = {
    "pattern": {"path": str(PATTERN / "setup.yml")},
    "ami_sharing_image": "registry.example.com/ansible/amikit-ee:1.0.0",
    "ami_sharing_inventory": "Accounts",
    "ami_sharing_credential": "AMIs",
    "ami_sharing_notifications": ["Chat"],
}


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> t.Any:
    home = tmp_path_factory.mktemp("setup")
    (home / "read.yml").write_text(READ, encoding="utf-8")
    (home / "given.json").write_text(json.dumps(GIVEN), encoding="utf-8")
    playbook(f"read.yml -e @{PATTERN / 'setup.yml'} -e @given.json", home, {})
    return load(home / "objects.json")


def test_awx_gets_the_job_templates_of_the_pattern(objects: t.Any) -> None:
    of_the_pattern = {each["name"]: (each["description"], each["survey"]) for each in TEMPLATES}
    assert {each["name"]: (each["description"], each["survey_spec"]) for each in objects["templates"]} == of_the_pattern
    for each in objects["templates"]:
        assert (ROOT / each["playbook"]).is_file()
        assert each["project"] in {project["name"] for project in objects["projects"]}
        assert each["execution_environment"] in {known["name"] for known in objects["environments"]}
        assert [each[name] for name in ("survey_enabled", "diff_mode", "ask_limit_on_launch")] == [True] * 3
        assert each["notification_templates_error"] == ["Chat"]
    (share,) = [each for each in objects["templates"] if each["name"] == "AMI sharing / Share"]
    assert share["ask_job_type_on_launch"]  # otherwise the workflow could not run it as Check


def test_the_project_has_the_playbooks_of_this_version(objects: t.Any) -> None:
    (project,) = objects["projects"]
    assert project["scm_branch"] == load(ROOT / "galaxy.yml")["version"]


def test_between_preview_and_share_somebody_approves(objects: t.Any) -> None:
    (workflow,) = objects["workflows"]
    preview, approve, share = workflow["simplified_workflow_nodes"]
    assert preview["success_nodes"] == [approve["identifier"]]
    assert approve["success_nodes"] == [share["identifier"]]
    assert approve["approval_node"]["timeout"] == 24 * 60 * 60
    assert [(each["unified_job_template"], each["job_type"]) for each in (preview, share)] == [
        ("AMI sharing / Share", "check"),
        ("AMI sharing / Share", "run"),
    ]
    assert workflow["survey_spec"] == SURVEY
    assert [workflow[name] for name in ("survey_enabled", "ask_limit_on_launch")] == [True] * 2
    assert workflow["notification_templates_error"] == workflow["notification_templates_approvals"] == ["Chat"]


def test_a_share_and_then_an_audit_run_every_night(objects: t.Any) -> None:
    assert [(each["unified_job_template"], each["rrule"]) for each in objects["schedules"]] == [
        ("AMI sharing / Share", "DTSTART:20260101T020000Z RRULE:FREQ=DAILY;INTERVAL=1"),
        ("AMI sharing / Audit", "DTSTART:20260101T030000Z RRULE:FREQ=DAILY;INTERVAL=1"),
    ]


def test_the_guide_names_the_objects_and_what_they_need(objects: t.Any) -> None:
    shown = [row[1] for row in rows("awx") if len(row) == 3]
    assert {each["name"] for kind in objects.values() for each in kind} == {name for name in shown if " / " in name}
    setup = (PATTERN / "setup.yml").read_text(encoding="utf-8")
    assert {"pattern", *re.findall(r"{{ (\w+)", setup)} - {"lookup"} <= set(literals_of_first_cells("awx"))


# What the jobs do

INVENTORY = {
    "all": {
        "vars": {
            "ami_sharing_policies": [
                {
                    "name": "Golden images",
                    "filters": {"name": "golden-*"},
                    "regions": ["us-east-1"],
                    "pattern": "share",
                    "principals": ["111122223333"],
                }
            ]
        },
        "hosts": {"images": None},
    }
}
# As AWX hands over the answers.
ANSWERS = {
    "principals": "222233334444, 333344445555",
    "sharing_pattern": "share",
    "image_name": "golden-*",
    "regions": "us-east-1, eu-west-1",
    "snapshots": "true",
}


class Account:
    """An account with an image in each of two Regions, and a project with an inventory and the answers of a survey."""

    def __init__(self, ec2: LocalEC2, home: Path) -> None:
        self.ec2 = ec2
        self.home = home
        for name, content in (("inventory.yml", INVENTORY), ("answers.json", ANSWERS)):
            (home / name).write_text(json.dumps(content), encoding="utf-8")
        self.images = ec2.seed(*({"name": "golden-1", "region": region} for region in ("us-east-1", "eu-west-1")))

    def run(self, name: str, arguments: str = "", status: int = 0) -> str:
        command = f"{PATTERN / 'playbooks' / name} -i inventory.yml {arguments}"
        return playbook(command, self.home, self.ec2.environment(), status)

    def users(self) -> list[list[str]]:
        """Return who can launch the image of each Region."""
        found = [self.ec2.image(each["image_id"], each["region"]) for each in self.images]
        return [image["launch_permissions"]["user_ids"] for image in found if image]


@pytest.fixture
def account(ec2: LocalEC2, tmp_path: Path) -> Account:
    return Account(ec2, tmp_path)


def test_without_answers_the_policies_of_the_inventory_apply(account: Account) -> None:
    drift = account.run("audit.yml", status=2)
    assert "Drift from the policies: 1 of 1 images differ." in drift
    assert account.users() == [[], []]
    account.run("share.yml")
    assert account.users() == [["111122223333"], []]


def test_the_answers_of_the_survey_are_the_only_policy(account: Account) -> None:
    preview = account.run("share.yml", "-e @answers.json --check --diff")
    assert "+launch_permissions.user_ids: 222233334444" in preview
    assert account.users() == [[], []]
    account.run("share.yml", "-e @answers.json")
    assert account.users() == [["222233334444", "333344445555"]] * 2


def test_answers_are_not_hidden_by_an_extra_variable(account: Account) -> None:
    said = account.run("share.yml", """-e @answers.json -e '{"ami_sharing_policies": []}'""", status=2)
    assert "ami_sharing_policies is an extra variable" in said
    assert account.ec2.requests("ModifyImageAttribute") == []


def test_wrong_answers_change_nothing(account: Account) -> None:
    """One host was answered without a principal, but with another change, and one with something that is none."""
    answers = ({**ANSWERS, "principals": " ", "sharing_pattern": "revoke"}, {**ANSWERS, "principals": "everybody"})
    inventory = {"all": {**INVENTORY["all"], "hosts": dict(zip(("one", "other"), answers, strict=True))}}
    (account.home / "inventory.yml").write_text(json.dumps(inventory), encoding="utf-8")
    said = account.run("share.yml", status=2)
    assert "The answers name no account" in said
    assert "everybody" in said
    assert account.ec2.requests("ModifyImageAttribute") == []
