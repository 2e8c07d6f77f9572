# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The guide 'Encrypted images', from the owner's policy to the recipient's grant, command by command."""

from __future__ import annotations

import json
import shlex
import subprocess
import typing as t
from pathlib import Path

import boto3
import pytest
from unit.documentation import blocks
from unit.documentation import sections
from unit.images import flat
from unit.local_ec2.support import CLIENTS
from unit.users import users_environment

from local_ec2.client import LocalEC2

RECIPIENT = "111122223333"
USERS = [RECIPIENT, "222233334444"]
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
ARN = f"arn:aws:kms:us-east-1:123456789012:key/{KEY}"
SHARING, GRANTING = "Share the keys with the images", "Auto Scaling groups"
ROLE = f"arn:aws:iam::{RECIPIENT}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"

(POLICY,) = (json.loads(block.text) for block in blocks("encrypted_images", "json"))
STORY = sections("encrypted_images")
Said = tuple[int, str]
ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def encrypted(region: str, key: str) -> dict[str, t.Any]:
    return {"region": region, "name": "encrypted-golden-1", "snapshots": [{"encrypted": True, "kms_key_id": key}]}


class Teller:
    """The guide's files in a directory, and who runs its commands there."""

    def __init__(self, ec2: LocalEC2, home: Path) -> None:
        self.ec2, self.home = ec2, home
        made = ec2.seed(*(encrypted(*each) for each in {"us-east-1": ARN, "eu-west-1": "alias/west"}.items()))
        self.owner = ec2.principal("owner", ANYTHING)
        self.images = [(each["image_id"], each["region"]) for each in made]
        for recipe in STORY.values():
            for name, text in recipe.files.items():
                (home / name).write_text(text, encoding="utf-8")

    def run(self, command: str, principal: dict[str, str] | None = None) -> Said:
        """Run a command as the owner, or as somebody else; answers its status, and all that it prints."""
        environment = users_environment(self.home)
        path = f"{environment['PATH']}:{CLIENTS}"
        variables = {**environment, **self.ec2.environment(principal or self.owner), "PATH": path}
        words = shlex.split(command)
        done = subprocess.run(words, check=False, env=variables, cwd=self.home, capture_output=True, encoding="utf-8")
        return done.returncode, done.stdout + done.stderr

    def share(self) -> None:
        preview, share = STORY[SHARING].commands
        status, printed = self.run(preview)
        assert (status, "WARNING" in printed) == (0, False), printed
        assert "AmikitSharingAccountsAutoScaling.Action: kms:CreateGrant" in printed
        assert len((self.ec2.key(ARN) or {})["policy"]["Statement"]) == 1
        status, printed = self.run(share)
        assert (status, "WARNING" in printed) == (0, False), printed

    def grants(self) -> list[dict[str, t.Any]]:
        client = boto3.client(
            "kms",
            region_name="us-east-1",
            aws_access_key_id=self.owner["access_key"],
            aws_secret_access_key=self.owner["secret_key"],
        )
        found: list[dict[str, t.Any]] = client.list_grants(KeyId=ARN)["Grants"]
        return found

    def recipient(self, without: str = "") -> dict[str, str]:
        """Return somebody of the recipient's account with the guide's IAM policy, or with all of it but an action."""
        (statement,) = POLICY["Statement"]
        actions = [action for action in statement["Action"] if action != without]
        policy = {**POLICY, "Statement": [{**statement, "Action": actions}]}
        return self.ec2.principal(f"somebody-{len(actions)}", policy, RECIPIENT)


@pytest.fixture
def teller(ec2: LocalEC2, tmp_path: Path) -> Teller:
    ec2.seed_keys({"key_id": KEY}, {"region": "eu-west-1", "aliases": ["alias/west"]})
    return Teller(ec2, tmp_path)


def test_the_owner_shares_and_the_recipient_makes_the_grant(teller: Teller) -> None:
    (command, playbook) = STORY[GRANTING].commands
    recipient = teller.recipient()
    status, printed = teller.run(command, recipient)
    # Not before the key is shared.
    assert (status > 0, "no resource-based policies allow access" in printed) == (True, True), printed
    teller.share()

    for each in (command, playbook):
        status, printed = teller.run(each, recipient)
        assert status == 0, printed
    assert {(each["GranteePrincipal"], each["Name"]) for each in teller.grants()} == {(ROLE, "amikit-autoscaling")}
    needed = [
        "CreateGrant",
        "Decrypt",
        "DescribeKey",
        "GenerateDataKeyWithoutPlaintext",
        "ReEncryptFrom",
        "ReEncryptTo",
    ]
    assert [sorted(each["Operations"]) for each in teller.grants()] == [needed] * len(teller.grants())
    assert set(STORY) == {SHARING, GRANTING}
    assert [flat((teller.ec2.image(*image) or {})["launch_permissions"]) for image in teller.images] == [USERS, USERS]


def test_without_the_iam_policy_or_for_another_role_the_grant_is_refused(teller: Teller) -> None:
    teller.share()
    (command, _playbook) = STORY[GRANTING].commands
    status, printed = teller.run(command, teller.recipient("kms:CreateGrant"))
    assert (status > 0, "because no identity-based policy allows" in printed) == (True, True), printed
    other = command.replace("aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling", "builder")
    status, printed = teller.run(other, teller.recipient())
    assert (status > 0, "no resource-based policies allow access" in printed) == (True, True), printed
    assert teller.grants() == []
